"""Clients that do everything at once, and note what they ask and what they are told."""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf
from typing import Any

from faults import wire
from faults.mixed.history import Document, History, Keyed, Kind, Read, Told, Write
from faults.wire import Connection, Response

API = "/api/v1/"
ATTEMPT_SECONDS = 15
"""How long a client waits for a response."""
PAUSE_SECONDS = 0.1
"""How long a client waits before it tries again."""
GIVE_UP = 0.1
"""How often a client believes a 503 that says that nothing was done, and does not try again."""


@dataclass(frozen=True)
class Repeatable:
    """A request that has one effect, however often it is sent. The fields are those of `Keyed`.

    by_reference: whether `key` is a provider's reference in the body, and no Idempotency-Key.
    """

    what: str
    path: str
    body: bytes
    key: str
    counted: int | None = None
    order: int | None = None
    by_reference: bool = False


@dataclass
class Shop:
    """What the clients know together.

    transfers, goods: ids of products whose stock moves among them, and of those that are ordered.
    orders: versions by id, as last seen. totals, paid, lines: likewise. shipments: the orders of
    those that were made with a key, by id. held: ids of orders that were held
    when they were seen last, the newest last. sent: repeatable requests that are done.
    budget: how many requests may still be sent. over: nobody starts anything new.
    """

    port: int
    secret: str
    history: History
    budget: int
    transfers: Sequence[int] = ()
    goods: Sequence[int] = ()
    skus: dict[int, str] = field(default_factory=dict)
    orders: dict[int, int] = field(default_factory=dict)
    totals: dict[int, Decimal] = field(default_factory=dict)
    paid: dict[int, Decimal] = field(default_factory=dict)
    held: dict[int, None] = field(default_factory=dict)
    lines: dict[int, Sequence[Document]] = field(default_factory=dict)
    shipments: dict[int, int] = field(default_factory=dict)
    sent: list[Repeatable] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def spend(self) -> None:
        """Count a request."""
        self.budget -= 1
        if self.budget <= 0:
            self.over.set()

    def learn(self, order: Document, version: int) -> None:
        """Remember an order as it was seen."""
        key = order["id"]
        self.orders[key], self.totals[key] = version, Decimal(order["total"])
        self.lines[key] = order["lines"]
        self.paid.pop(key, None)
        if paid := Decimal(order["paid"]):
            self.paid[key] = paid
        if order["status"] == "pending" and order["held_until"]:
            self.held[key] = None
        else:
            self.held.pop(key, None)


@dataclass(frozen=True)
class Answer:
    """What came back from one attempt. response: None if nothing did."""

    response: Response | None
    begin: float
    end: float

    @property
    def status(self) -> int:
        return self.response.status if self.response else 0

    @property
    def told(self) -> Told:
        """Whether the request had its effect, as the API documents it."""
        if self.response is None:
            return "unknown"
        if self.status < 400:
            return "done"
        if self.status < 500:
            return "refused"
        known = self.status == 503 and self.document().get("code") != "outcome_unknown"
        return "refused" if known else "unknown"

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.response.body) if self.response else {}
        return found


class Client:
    """One of the clients, with a connection of its own and one request at a time."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.history = shop.history
        self._connection: Connection | None = None

    async def run(self, operations: Mapping[Callable[["Client"], Awaitable[None]], int]) -> None:
        """Do random operations, drawn by their weights, until the shop has no budget left."""
        names, weights = list(operations), list(operations.values())
        try:
            while not self.shop.over.is_set():
                [operation] = random.choices(names, weights)  # noqa: S311 - no secret
                await operation(self)
        finally:
            self.close()

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        kind: str = "application/json",
        **headers: str,
    ) -> Answer:
        """Send a request once. kind: the Content-Type of its body."""
        self.shop.spend()
        if body:
            headers["content_type"] = kind
        request = wire.request(method, API + path, self.shop.secret, body, **headers)
        begin = time.monotonic()
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                if self._connection is None or self._connection.closed:
                    self._connection = await Connection.open(self.shop.port)
                response = await self._connection.send(request)
        except OSError:  # including TimeoutError
            self.close()
            self.history.statuses[0] += 1
            await asyncio.sleep(PAUSE_SECONDS)
            return Answer(None, begin, inf)
        self.history.statuses[response.status] += 1
        if response.status >= 500:
            await asyncio.sleep(PAUSE_SECONDS)
        return Answer(response, begin, time.monotonic())

    async def send_keyed(
        self,
        what: str,
        path: str,
        body: bytes,
        *,
        counted: int | None = None,
        order: int | None = None,
        reference: str = "",
    ) -> Answer:
        """Send a request that no client has sent before; see `repeat`.

        reference: the provider's, instead of an Idempotency-Key.
        """
        key = reference or uuid.uuid4().hex
        request = Repeatable(what, path, body, key, counted, order, bool(reference))
        return await self.repeat(request)

    async def repeat(self, request: Repeatable, *, again: bool = False) -> Answer:
        """Send a request until its outcome is known, or until the client gives up.

        again: whether it is known to be done.
        """
        begin, doubt = time.monotonic(), False
        headers = {} if request.by_reference else {"idempotency_key": request.key}
        while True:
            answer = await self.send("POST", request.path, request.body, **headers)
            doubt |= answer.told == "unknown"
            may_succeed = answer.told == "unknown" or answer.status == 503
            believes = not doubt and random.random() < GIVE_UP  # noqa: S311 - no secret
            if not may_succeed or believes or self.shop.over.is_set():
                break
        # A retry that is turned away contradicts the first answer. One that has to wait does not.
        unsure = answer.status == 503 if again else doubt
        told: Told = "unknown" if unsure and answer.told == "refused" else answer.told
        done = told == "done"
        end = answer.end if done else inf
        text = answer.response.body if done and answer.response else b""
        self.history.keyed.append(
            Keyed(request.what, request.key, begin, end, told, text, request.counted, request.order)
        )
        if done and not again:
            self.shop.sent.append(request)
        return answer

    def saw(self, kind: Kind, answer: Answer, documents: Sequence[Document], **more: int) -> None:
        """Note the orders or products that an answer shows."""
        self.history.reads.append(Read(kind, answer.begin, answer.end, documents, **more))

    def wrote(
        self, answer: Answer, kind: Kind, key: int, name: str, value: Any, *, partly: bool = False
    ) -> None:
        """Note a write, unless it was refused. partly: whether it may be done nevertheless."""
        if answer.told != "refused" or partly:
            end = answer.end if answer.told == "done" else inf
            self.history.writes.append(Write(kind, key, name, value, answer.begin, end))

    def saw_order(self, answer: Answer, key: int, *, changed: int | None = None) -> None:
        """Note the order `key` of an answer with an ETag, or that it was not found."""
        if answer.status == 404:
            self.saw("order", answer, [], absent=key)
        if answer.told == "done" and answer.response:
            order, version = answer.document(), int(answer.response.headers["etag"].strip('"'))
            self.shop.learn(order, version)
            more = {} if changed is None else {"changed": changed}
            self.saw("order", answer, [order], version=version, **more)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

"""Clients as they ought to be: each order has a key, and is sent until there is an answer to it."""

import asyncio
import json
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field

from faults import wire
from faults.wire import Connection, Response

ORDERS = "/api/v1/orders/"
EXPRESS = "application/json"
"""The Content-Type with which an order takes the express lane."""
DJANGO = "application/json; charset=utf-8"
"""The Content-Type with which the same order goes through Django."""

ATTEMPT_SECONDS = 10
"""After which a client gives an attempt up and sends the request again."""
MOST_RETRY_AFTER = 1.0
RECONNECT_SECONDS = 0.05


@dataclass
class Answers:
    """What became of the orders of one run; keys are idempotency keys.

    sent: the body of every order. placed: the body of its first 201. refused: status and body of
    a definite answer other than that. times: when each first 201 came, on the monotonic clock.
    statuses: of all answers. waits: seconds from sending to answer of each attempt, by status.
    took: seconds from first sending to definite answer of each order. retried: the keys of those
    that were sent more than once.
    unanswered: the keys of requests after which the server closed, or was silent for too long.
    """

    sent: dict[str, bytes] = field(default_factory=dict)
    placed: dict[str, bytes] = field(default_factory=dict)
    refused: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    waits: dict[int, list[float]] = field(default_factory=dict)
    retried: set[str] = field(default_factory=set)
    took: list[float] = field(default_factory=list)
    unanswered: set[str] = field(default_factory=set)
    retries: int = 0
    timeouts: int = 0
    replays: int = 0

    @property
    def open(self) -> set[str]:
        """The keys of orders to which there was no definite answer."""
        return self.sent.keys() - self.placed.keys() - self.refused.keys()

    @property
    def statuses(self) -> Counter[int]:
        return Counter({status: len(waits) for status, waits in self.waits.items()})


def together(*parts: Answers) -> Answers:
    """The orders of several crowds, for a comparison with all that is stored."""
    whole = Answers()
    for part in parts:
        whole.sent |= part.sent
        whole.placed |= part.placed
        whole.refused |= part.refused
        whole.retried |= part.retried
        whole.unanswered |= part.unanswered
        whole.took += part.took
        for status, waits in part.waits.items():
            whole.waits.setdefault(status, []).extend(waits)
        whole.timeouts += part.timeouts
        whole.retries += part.retries
        whole.replays += part.replays
    return whole


@dataclass
class Buyer:
    """One client with one connection.

    honour: whether it waits as Retry-After says. content_type: EXPRESS or DJANGO.
    """

    port: int
    secret: str
    answers: Answers
    honour: bool = True
    content_type: str = EXPRESS
    connection: Connection | None = None

    async def place(self, key: str, body: bytes) -> Response:
        """Send an order, and again with the same key, until there is a definite answer."""
        self.answers.sent[key] = body
        began = time.monotonic()
        while (response := await self.attempt(key, body)) is None or response.status == 503:
            self.answers.retries += 1
            self.answers.retried.add(key)
            await asyncio.sleep(self._pause(response))
        self.answers.took.append(time.monotonic() - began)
        return response

    async def attempt_new(self, body: bytes) -> Response | None:
        """Send an order with a key of its own, once; None where there is no answer."""
        key = uuid.uuid4().hex
        self.answers.sent[key] = body
        return await self.attempt(key, body)

    async def attempt(self, key: str, body: bytes) -> Response | None:
        """Send an order once; None where there is no answer."""
        request = wire.request(
            "POST",
            ORDERS,
            self.secret,
            body,
            content_type=self.content_type,
            idempotency_key=key,
        )
        began = time.monotonic()
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                response = await self._send(key, request)
        except OSError as error:  # TimeoutError is one
            self.answers.timeouts += isinstance(error, TimeoutError)
            return None
        self._record(key, response, time.monotonic() - began)
        return response

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()

    async def _send(self, key: str, request: bytes) -> Response:
        if self.connection is None or self.connection.closed:
            self.connection = await Connection.open(self.port)
        try:
            return await self.connection.send(request)
        except BaseException:
            self.answers.unanswered.add(key)
            self.close()
            raise

    def _record(self, key: str, response: Response, waited: float) -> None:
        answers = self.answers
        answers.waits.setdefault(response.status, []).append(waited)
        answers.replays += "idempotent-replayed" in response.headers
        if response.status == 201:
            if key not in answers.placed:
                answers.times.append(time.monotonic())
            answers.placed.setdefault(key, response.body)
        elif response.status != 503:
            answers.refused[key] = (response.status, response.body)

    def _pause(self, response: Response | None) -> float:
        if response is None:
            return RECONNECT_SECONDS
        if not self.honour:
            return 0
        return min(MOST_RETRY_AFTER, float(response.headers.get("retry-after", 0)))


def order_of(product_id: int, quantity: int = 1) -> bytes:
    """The body of an order of one line."""
    return json.dumps({"product_id": product_id, "quantity": quantity}).encode()

"""Well-behaved clients: each order has a key, and is retried until there is a final response."""

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
"""The Content-Type that the express lane answers."""
DJANGO = "application/json; charset=utf-8"
"""The Content-Type that Django answers."""

ATTEMPT_SECONDS = 10
"""How long a client waits for a response before it retries."""
MOST_RETRY_AFTER = 1.0
RECONNECT_SECONDS = 0.05


@dataclass
class Answers:
    """The responses to the orders of one run, by idempotency key.

    sent: the body of each request.
    placed: the body of the first 201.
    refused: status and body of a final response other than 201.
    times: when each first 201 arrived, on the monotonic clock.
    waits: seconds from request to response of each attempt, by status.
    retried: the keys that were sent more than once.
    took: seconds from the first request to the final response of each order.
    unanswered: the keys of requests without a response: the server closed, or took too long.
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
        """The keys of orders without a final response."""
        return self.sent.keys() - self.placed.keys() - self.refused.keys()

    @property
    def errors(self) -> int:
        """How many answers were 5xx, other than 503."""
        return sum(n for status, n in self.statuses.items() if status >= 500 and status != 503)

    @property
    def statuses(self) -> Counter[int]:
        return Counter({status: len(waits) for status, waits in self.waits.items()})


def merge_answers(*parts: Answers) -> Answers:
    """Merge the orders of several crowds, to compare them with everything that is stored."""
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

    honor_retry_after: wait as Retry-After says. content_type: EXPRESS or DJANGO.
    """

    port: int
    secret: str
    answers: Answers
    honor_retry_after: bool = True
    content_type: str = EXPRESS
    connection: Connection | None = None

    async def place(self, key: str, body: bytes) -> Response:
        """Send an order and retry it with the same key until there is a final response."""
        self.answers.sent[key] = body
        began = time.monotonic()
        while (response := await self.attempt(key, body)) is None or response.status >= 500:
            self.answers.retries += 1
            self.answers.retried.add(key)
            await asyncio.sleep(self._pause(response))
        self.answers.took.append(time.monotonic() - began)
        return response

    async def attempt_new(self, body: bytes) -> Response | None:
        """Send an order with a new key once. Return None if there is no response."""
        key = uuid.uuid4().hex
        self.answers.sent[key] = body
        return await self.attempt(key, body)

    async def attempt(self, key: str, body: bytes) -> Response | None:
        """Send an order once. Return None if there is no response."""
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
        except OSError as error:  # including TimeoutError
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
        elif response.status < 500:
            answers.refused[key] = (response.status, response.body)

    def _pause(self, response: Response | None) -> float:
        if response is None:
            return RECONNECT_SECONDS
        if not self.honor_retry_after:
            return 0
        return min(MOST_RETRY_AFTER, float(response.headers.get("retry-after", 0)))


def order_body(product_id: int, quantity: int = 1) -> bytes:
    """The body of an order for one product."""
    return json.dumps({"product_id": product_id, "quantity": quantity}).encode()

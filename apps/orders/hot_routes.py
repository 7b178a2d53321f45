"""POST /api/v1/orders/ on the express lane: orders that come at the same time share a transaction.

It does what the view does, by the same functions: reading the request in the event loop; looking
up the keys and placing the orders in the batches' thread. A request that the view would refuse by
itself is left to the view.
"""

import time
from collections.abc import Sequence

from django.db import connections
from msgspec import Struct

from apps.orders.exceptions import OrdersError, ProductHeld
from apps.orders.metrics import failures_counted
from apps.orders.microservice_communication import CHALLENGE, bearer_digest, find_callers
from apps.orders.operations import place_orders
from apps.orders.placing.requests import OrderRequest, PlacedOrder
from apps.orders.serializers import OrderSerializer, placing_request
from apps.orders.views import OrdersView
from monoservices.api.http import REPLAYED
from monoservices.api.problems import InvalidKey, MissingScope, Problem
from monoservices.api.serializers import sent_fields
from monoservices.database.retrying import unwrap, with_retries
from monoservices.server.asgi import WholeResponse
from monoservices.server.batching import Batcher
from monoservices.server.express_request import ExpressRequest
from monoservices.services.scopes import Caller

BATCH = 128
WAITING = 1024
MAX_WAIT_SECONDS = 5.0
KNOWN_KEYS = 10_000
CAUTION = 1.0
"""For how many seconds nobody waits for locked products, once somebody has waited in vain."""

_REPLAYED = {REPLAYED: "true"}


class Job(Struct, frozen=True):
    """An order to place, as the holder of the key was when it was last looked up."""

    digest: str
    caller: Caller
    request: OrderRequest


class PlaceOrder:
    """The hot route (`monoservices.server.front.ExpressRoute`)."""

    method = "POST"
    url_name = "order-list"
    view = OrdersView

    def __init__(self) -> None:
        self._orders = Batcher(
            with_retries(Placing().place),
            at_end=connections.close_all,
            size=BATCH,
            limit=WAITING,
            max_wait_seconds=MAX_WAIT_SECONDS,
            name="orders",
        )
        # Keys that were never seen have batches of their own: however many come, they take no
        # place from the orders of those that are known.
        self._keys = Batcher(
            with_retries(look_up),
            at_end=connections.close_all,
            size=BATCH,
            limit=WAITING,
            max_wait_seconds=MAX_WAIT_SECONDS,
            name="orders-keys",
        )
        self._callers: dict[str, Caller] = {}

    async def respond(self, request: ExpressRequest) -> WholeResponse | None:
        digest = bearer_digest(request.authorization)
        if digest is None:
            return None
        caller = self._callers.get(digest)
        if caller is None:
            with failures_counted:
                caller = unwrap(await self._keys.submit(digest, client=digest))
            if caller is None:
                return WholeResponse.from_problem(
                    InvalidKey(headers={"WWW-Authenticate": CHALLENGE})
                )
            self._remember(digest, caller)
        try:
            wanted = order_of(request, caller)
        except Problem as problem:
            if isinstance(problem, MissingScope):  # until somebody grants it
                self._callers.pop(digest, None)
            return None
        job = Job(digest, caller, wanted)
        with failures_counted:
            outcome = unwrap(await self._orders.submit(job, client=caller.client_id))
        if isinstance(outcome, PlacedOrder):
            headers = _REPLAYED if outcome.replayed else {}
            return WholeResponse(201, outcome.answer.encode(), headers=headers)
        if isinstance(outcome, OrdersError):
            return WholeResponse.from_problem(outcome)
        # The key is not what it was: revoked, or allowed something else.
        self._callers.pop(digest, None)
        return await self.respond(request)

    async def drain(self) -> None:
        await self._keys.drain()
        await self._orders.drain()

    def _remember(self, digest: str, caller: Caller) -> None:
        if len(self._callers) >= KNOWN_KEYS:
            self._callers.clear()
        self._callers[digest] = caller


class Placing:
    """What the batches' thread does."""

    def __init__(self) -> None:
        self._cautious_until = 0.0

    def place(self, jobs: Sequence[Job]) -> list[PlacedOrder | OrdersError | None]:
        """Place orders and return what became of each; None where its key is not what it was."""
        callers = find_callers(digests={job.digest for job in jobs})
        is_due = [callers.get(job.digest) == job.caller for job in jobs]
        requests = [job.request for job, due in zip(jobs, is_due, strict=True) if due]
        cautious = time.monotonic() < self._cautious_until
        outcomes = place_orders(requests, skip_held=cautious) if requests else []
        if not cautious and any(isinstance(outcome, ProductHeld) for outcome in outcomes):
            self._cautious_until = time.monotonic() + CAUTION
        remaining = iter(outcomes)
        return [next(remaining) if due else None for due in is_due]


def look_up(digests: Sequence[str]) -> list[Caller | None]:
    """The holders of keys, None where there is none."""
    callers = find_callers(digests=set(digests))
    return [callers.get(digest) for digest in digests]


def order_of(request: ExpressRequest, caller: Caller) -> OrderRequest:
    """The order that is asked for. Raises a Problem where the view would refuse it unseen."""
    scope = OrdersView.scopes["POST"]
    if scope not in caller.scopes:
        raise MissingScope
    parsed = OrderSerializer.parse(request.body)
    return placing_request(sent_fields(parsed), caller, request.idempotency_key)


ROUTES = [PlaceOrder]

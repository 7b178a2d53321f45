"""POST /api/v1/orders/ on the express lane: orders that come at the same time share a transaction.

The route does what the view does, with the same functions. It reads the request in the event loop,
and looks up keys and places orders in the thread of the batches. It leaves a request to the view
where the view would refuse it before it places anything.
"""

import time
from collections.abc import Sequence
from itertools import compress

from django.db import connections
from msgspec import Struct

from apps.orders.exceptions import OrdersError, ProductHeld
from apps.orders.metrics import count_failures
from apps.orders.microservice_communication import CHALLENGE, bearer_digest, find_callers
from apps.orders.operations import place_orders
from apps.orders.placing.requests import OrderRequest, PlacedOrder
from apps.orders.serializers import requested_order
from apps.orders.views import OrdersView
from monoservices.api.http import REPLAYED
from monoservices.api.problems import InvalidKey, MissingScope, Problem
from monoservices.database.retrying import unwrap, with_retries
from monoservices.server.asgi import WholeResponse
from monoservices.server.batching import Batcher
from monoservices.server.express_request import ExpressRequest
from monoservices.services.scopes import Caller

BATCH = 128
WAITING = 1024
MAX_WAIT_SECONDS = 5.0
KNOWN_KEYS = 10_000
SKIP_LOCKED_SECONDS = 1.0
"""For how many seconds batches skip locked products, after one has waited for a lock in vain."""

_REPLAYED = {REPLAYED: "true"}


class QueuedOrder(Struct, frozen=True):
    """An order to place. caller: the holder of the key, as of when the key was last looked up."""

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
            with_retries(BatchPlacer().place),
            at_end=connections.close_all,
            size=BATCH,
            limit=WAITING,
            max_wait_seconds=MAX_WAIT_SECONDS,
            name="orders",
        )
        # Unknown keys have batches of their own: however many come, they take no place from the
        # orders of known clients.
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
            with count_failures():
                caller = unwrap(await self._keys.submit(digest, client=digest))
            if caller is None:
                return WholeResponse.from_problem(
                    InvalidKey(headers={"WWW-Authenticate": CHALLENGE})
                )
            self._remember(digest, caller)
        try:
            if OrdersView.scopes["POST"] not in caller.scopes:
                raise MissingScope
            order = requested_order(request.body, caller, request.idempotency_key)
        except Problem as problem:
            if isinstance(problem, MissingScope):  # the scope may be granted later
                self._callers.pop(digest, None)
            return None
        queued = QueuedOrder(digest, caller, order)
        with count_failures():
            outcome = unwrap(await self._orders.submit(queued, client=caller.client_id))
        if isinstance(outcome, PlacedOrder):
            headers = _REPLAYED if outcome.replayed else {}
            return WholeResponse(201, outcome.response.encode(), headers=headers)
        if isinstance(outcome, OrdersError):
            return WholeResponse.from_problem(outcome)
        # The key was revoked, or its scopes changed.
        self._callers.pop(digest, None)
        return await self.respond(request)

    async def drain(self) -> None:
        await self._keys.drain()
        await self._orders.drain()

    def _remember(self, digest: str, caller: Caller) -> None:
        if len(self._callers) >= KNOWN_KEYS:
            self._callers.clear()
        self._callers[digest] = caller


class BatchPlacer:
    """Places the orders of a batch, in the thread of the batches."""

    def __init__(self) -> None:
        self._skip_locked_until = 0.0

    def place(self, queued: Sequence[QueuedOrder]) -> list[PlacedOrder | OrdersError | None]:
        """Place orders and return what became of each; None where its key has changed."""
        callers = find_callers(digests={order.digest for order in queued})
        key_unchanged = [callers.get(order.digest) == order.caller for order in queued]
        requests = [order.request for order in compress(queued, key_unchanged)]
        skip_held = time.monotonic() < self._skip_locked_until
        outcomes = place_orders(requests, skip_held=skip_held) if requests else []
        if not skip_held and any(isinstance(outcome, ProductHeld) for outcome in outcomes):
            self._skip_locked_until = time.monotonic() + SKIP_LOCKED_SECONDS
        remaining = iter(outcomes)
        return [next(remaining) if unchanged else None for unchanged in key_unchanged]


def look_up(digests: Sequence[str]) -> list[Caller | None]:
    """The holders of keys; None for a key that is unknown or revoked."""
    callers = find_callers(digests=set(digests))
    return [callers.get(digest) for digest in digests]


ROUTES = [PlaceOrder]

"""POST /api/v1/orders/ on the express lane: orders that come at the same time share a transaction.

The route does what the view does, with the same functions. It reads the request in the event loop,
and places orders in the thread of the batches. It leaves a request to the view where the view would
refuse it before it places anything.
"""

import time
from collections.abc import Sequence

from django.db import connections
from msgspec import Struct

from apps.orders.exceptions import OrdersError, ProductHeld
from apps.orders.metrics import count_failures
from apps.orders.operations import place_orders
from apps.orders.placing.requests import OrderRequest, PlacedOrder
from apps.orders.serializers import requested_order
from apps.orders.views import OrdersView
from monoservices.api.http import REPLAYED
from monoservices.api.problems import Problem
from monoservices.database.retrying import unwrap, with_retries
from monoservices.server.asgi import WholeResponse
from monoservices.server.batching import Batcher
from monoservices.server.callers import Callers, HeldKey, KeyChanged
from monoservices.server.express_request import ExpressRequest

BATCH = 128
WAITING = 1024
MAX_WAIT_SECONDS = 5.0
SKIP_LOCKED_SECONDS = 1.0
"""For how many seconds batches skip locked products, after one has waited for a lock in vain."""

_REPLAYED = {REPLAYED: "true"}


class QueuedOrder(Struct, frozen=True):
    """An order to place for the holder of a key."""

    key: HeldKey
    request: OrderRequest


class PlaceOrder:
    """The hot route (`monoservices.server.express_lane.ExpressRoute`)."""

    method = "POST"
    url_name = "order-list"
    scope = OrdersView.scopes["POST"]
    view = OrdersView

    def __init__(self, callers: Callers) -> None:
        self._orders = Batcher(
            with_retries(BatchPlacer(callers).place),
            at_end=connections.close_all,
            size=BATCH,
            limit=WAITING,
            max_wait_seconds=MAX_WAIT_SECONDS,
            name="orders",
        )

    async def respond(self, request: ExpressRequest, key: HeldKey) -> WholeResponse | None:
        try:
            order = requested_order(request.body, key.caller, request.idempotency_key)
        except Problem:
            return None
        queued = QueuedOrder(key, order)
        with count_failures():
            outcome = unwrap(await self._orders.submit(queued, client=key.caller.client_id))
        if outcome is None:
            raise KeyChanged
        if isinstance(outcome, OrdersError):
            return WholeResponse.from_problem(outcome)
        headers = _REPLAYED if outcome.replayed else {}
        return WholeResponse(201, outcome.response.encode(), headers=headers)

    async def drain(self) -> None:
        await self._orders.drain()


class BatchPlacer:
    """Places the orders of a batch, in the thread of the batches."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._skip_locked_until = 0.0

    def place(self, queued: Sequence[QueuedOrder]) -> list[PlacedOrder | OrdersError | None]:
        """Place orders and return what became of each; None where the key has changed."""
        skip_held = time.monotonic() < self._skip_locked_until
        outcomes = place_orders(
            [order.request for order in queued],
            skip_held=skip_held,
            check=self._callers.check([order.key for order in queued]),
        )
        if not skip_held and any(isinstance(outcome, ProductHeld) for outcome in outcomes):
            self._skip_locked_until = time.monotonic() + SKIP_LOCKED_SECONDS
        return outcomes


ROUTES = [PlaceOrder]

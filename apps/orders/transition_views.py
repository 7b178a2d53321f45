"""The API of what moves an order to another state."""

from collections.abc import Callable

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.orders import operations
from apps.orders.answers import OrderOut
from apps.orders.exceptions import (
    HoldExpired,
    IllegalTransition,
    NotConfirmed,
    OrderNotFound,
    VersionConflict,
)
from apps.orders.models import Order
from apps.orders.views import expected_version, get_order, order_response
from monoservices.api.access import caller
from monoservices.api.endpoints import Endpoint
from monoservices.api.http import refuse_fields


def move(request: Request, order_id: int, operation: Callable[..., Order]) -> Response:
    """Move an order to another state; an order that is in it already stays unchanged."""
    order = get_order(caller(request), order_id)
    version = expected_version(request)
    refuse_fields(request)
    return order_response(
        operation(order_id=order.pk, actor=caller(request).actor, version=version)
    )


class CancelView(APIView):
    scopes = {"POST": "orders:write"}

    @Endpoint(
        "cancel_order",
        response=OrderOut,
        refusals=[OrderNotFound, IllegalTransition, VersionConflict],
        versioned=True,
    )
    def post(self, request: Request, order_id: int) -> Response:
        """Cancel a pending order and put its stock back, once."""
        return move(request, order_id, operations.cancel_order)


class ConfirmView(APIView):
    scopes = {"POST": "orders:write"}

    @Endpoint(
        "confirm_order",
        response=OrderOut,
        refusals=[OrderNotFound, IllegalTransition, VersionConflict, HoldExpired],
        versioned=True,
    )
    def post(self, request: Request, order_id: int) -> Response:
        """Make a held order firm, also after `held_until`.

        An order whose stock was taken back takes it once more, if it is there.
        """
        return move(request, order_id, operations.confirm_order)


class ShipView(APIView):
    scopes = {"POST": "orders:manage"}

    @Endpoint(
        "ship_order",
        response=OrderOut,
        refusals=[OrderNotFound, IllegalTransition, NotConfirmed, VersionConflict],
        versioned=True,
    )
    def post(self, request: Request, order_id: int) -> Response:
        """Mark a pending order as shipped. An order that is held must be confirmed first."""
        return move(request, order_id, operations.ship_order)


class DeliverView(APIView):
    scopes = {"POST": "orders:manage"}

    @Endpoint(
        "deliver_order",
        response=OrderOut,
        refusals=[OrderNotFound, IllegalTransition, VersionConflict],
        versioned=True,
    )
    def post(self, request: Request, order_id: int) -> Response:
        """Mark a shipped order as delivered."""
        return move(request, order_id, operations.deliver_order)

"""The API of what moves an order to another state."""

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.orders import operations
from apps.orders.answers import OrderOut
from apps.orders.exceptions import (
    HoldExpired,
    IdempotencyKeyReused,
    IllegalTransition,
    NotConfirmed,
    OrderNotFound,
    QuantityExceeded,
    UnknownLine,
    VersionConflict,
)
from apps.orders.fulfilment.structs import CancelIn, line_units
from apps.orders.models import Order
from apps.orders.views import expected_version, get_order, order_response
from monoservices.api.access import caller
from monoservices.api.decoding import decode
from monoservices.api.endpoints import Endpoint
from monoservices.api.http import idempotency_key, refuse_fields


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
        body=CancelIn,
        takes_no_body=True,
        response=OrderOut,
        refusals=[
            UnknownLine,
            OrderNotFound,
            IllegalTransition,
            QuantityExceeded,
            VersionConflict,
            IdempotencyKeyReused,
        ],
        idempotent=True,
        versioned=True,
    )
    def post(self, request: Request, order_id: int) -> Response:
        """Cancel what is open of an order, or some of its units, and put the stock back, once.

        Without `lines`, everything that is open. An order of which something was shipped is then
        shipped, or delivered; otherwise it is canceled. With `lines`, send an Idempotency-Key, so
        that a retry cancels nothing more.
        """
        order = get_order(caller(request), order_id)
        version, key = expected_version(request), idempotency_key(request)
        body: Any = b"{}" if request.stream is None else request.data
        return order_response(
            operations.cancel_order(
                order_id=order.pk,
                actor=caller(request).actor,
                lines=line_units(decode(body, CancelIn).lines),
                idempotency_key=key,
                version=version,
            )
        )


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
        """Ship everything that is open of an order. A held order must be confirmed first."""
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
        """Mark every shipment of a shipped order as delivered."""
        return move(request, order_id, operations.deliver_order)

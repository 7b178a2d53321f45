"""Moving orders along their status: pending → shipped → delivered, and pending → canceled."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from apps.orders.exceptions import IllegalTransition
from apps.orders.fulfilment.canceling import cancel_order
from apps.orders.fulfilment.delivering import deliver_order
from apps.orders.fulfilment.shipping import ship_order
from apps.orders.locking import lock_order, refuse_other_version
from apps.orders.models import Order

_MOVES: dict[str, Callable[..., Order]] = {
    "shipped": ship_order,
    "delivered": deliver_order,
    "canceled": cancel_order,
}


@transaction.atomic
def move_order(
    *,
    order_id: int,
    status: str,
    actor: str,
    version: int | None = None,
    at: datetime | None = None,
) -> Order:
    """Move an order to `status` and return it. An order that has this status stays unchanged.

    That ships, delivers or cancels everything that is left of it.
    version: the version that the caller has seen; an order at another version is not moved.
    at: the moment it happened; now where it is None.
    Raises OrderNotFound, VersionConflict, IllegalTransition, and NotConfirmed where an order that
    is held would be shipped.
    """
    move = _MOVES.get(status)
    if move is not None:
        return move(order_id=order_id, actor=actor, version=version, at=at)
    order = lock_order(order_id)
    if order.status != status:
        refuse_other_version(order, version)
        raise IllegalTransition(f"An order that is {order.status} cannot become {status}.")
    return order

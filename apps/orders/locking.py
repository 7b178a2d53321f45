"""Locking one order before something happens to it, and writing down that it did.

Whatever locks orders and products locks the orders first, and each kind in the order of its ids.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from apps.orders.exceptions import OrderNotFound, VersionConflict
from apps.orders.models import Order
from apps.orders.placing.statements import write_events

_ALWAYS = ("status", "version", "updated_at")


def lock_order(order_id: int) -> Order:
    """The order with its lines, locked until the transaction ends. Raises OrderNotFound.

    The lines are read after the lock, so that they are those of the locked order.
    """
    locked = Order.objects.select_for_update(no_key=True).prefetch_related("lines")
    order = locked.filter(pk=order_id).first()
    if order is None:
        raise OrderNotFound
    return order


def refuse_other_version(order: Order, version: int | None) -> None:
    """Raise VersionConflict where the caller has seen another version of the order."""
    if version not in (None, order.version):
        raise VersionConflict(f"The order is at version {order.version} now.")


def write_change(
    order: Order,
    kind: str,
    *,
    actor: str,
    at: datetime,
    was: str,
    changed: Collection[str] = (),
    data: Mapping[str, Any] | None = None,
) -> None:
    """Save an order that has its next version already, with the event of it.

    kind: of the event. was: the status before. changed: fields besides status and version.
    data: nothing personal.
    """
    order.updated_at = at
    order.save(update_fields=[*_ALWAYS, *changed])
    versions, step = {order.pk: order.version}, (was, order.status)
    write_events({order.pk: actor}, kind, versions=versions, step=step, at=at, data=data)

"""Moving orders along their status: pending → shipped → delivered, and pending → canceled."""

from datetime import datetime

from django.db import transaction

from apps.orders.exceptions import (
    IllegalTransition,
    NotConfirmed,
    OrderNotFound,
    VersionConflict,
)
from apps.orders.microservice_communication import StockMove, read_products, take_stock
from apps.orders.models import Order
from apps.orders.placing.pricing import quantity_by_product
from apps.orders.placing.rules import can_become
from apps.orders.placing.statements import shipped_moves, stock_moves, write_events
from monoservices.database.engines import engine


def ship_order(
    *, order_id: int, actor: str, version: int | None = None, at: datetime | None = None
) -> Order:
    """pending → shipped; see `move_order`."""
    return move_order(order_id=order_id, status="shipped", actor=actor, version=version, at=at)


def deliver_order(
    *, order_id: int, actor: str, version: int | None = None, at: datetime | None = None
) -> Order:
    """shipped → delivered; see `move_order`."""
    return move_order(order_id=order_id, status="delivered", actor=actor, version=version, at=at)


def cancel_order(
    *, order_id: int, actor: str, version: int | None = None, at: datetime | None = None
) -> Order:
    """pending → canceled, which puts the stock back once; see `move_order`."""
    return move_order(order_id=order_id, status="canceled", actor=actor, version=version, at=at)


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

    version: the version that the caller has seen; an order at another version is not moved.
    at: the moment it happened; now where it is None.
    Raises OrderNotFound, VersionConflict, IllegalTransition, and NotConfirmed where an order that
    is held would be shipped.
    """
    order = lock_order(order_id)
    if order.status == status:
        return order
    refuse_other_version(order, version)
    if not can_become(order.status, status):
        raise IllegalTransition(f"An order that is {order.status} cannot become {status}.")
    if order.is_held and status == Order.Status.SHIPPED:
        raise NotConfirmed
    step = order.status, status
    order.status, order.version = status, order.version + 1
    if status == Order.Status.CANCELED:
        order.canceled_because = Order.CanceledBecause.REQUESTED
    moves = _moves_to(order, actor)
    if moves:  # the clock is read after all locks
        read_products(ids={move.product_id for move in moves}, lock="wait")
    order.updated_at = at = at or engine().now()
    order.save(update_fields=["status", "version", "canceled_because", "updated_at"])
    versions = {order.pk: order.version}
    write_events({order.pk: actor}, status, versions=versions, step=step, at=at)
    if moves:
        take_stock(moves=moves, at=at)
    return order


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


def _moves_to(order: Order, actor: str) -> list[StockMove]:
    """How the order's new status moves stock: canceling puts it back, shipping takes it away."""
    ordered = quantity_by_product(order.lines.all())
    match order.status:
        case Order.Status.CANCELED:
            released = {product_id: -quantity for product_id, quantity in ordered.items()}
            return stock_moves(order.pk, released, revision=order.version, actor=actor)
        case Order.Status.SHIPPED:
            return shipped_moves(order.pk, ordered, revision=order.version, actor=actor)
    return []

"""Making held orders firm, also after their holds have expired."""

from datetime import datetime

from django.db import transaction

from apps.orders.exceptions import HoldExpired, IllegalTransition, OutOfStock
from apps.orders.fulfilment.goods import all_open, by_product
from apps.orders.locking import lock_order, refuse_other_version
from apps.orders.microservice_communication import read_products, take_stock
from apps.orders.models import Order
from apps.orders.placing.pricing import ProductBook
from apps.orders.placing.statements import stock_moves, write_events
from monoservices.database.engines import engine

_STATE = ("status", "held_until", "canceled_because", "version", "updated_at")


@transaction.atomic
def confirm_order(
    *, order_id: int, actor: str, version: int | None = None, at: datetime | None = None
) -> Order:
    """Make a held order firm and return it. An order that is firm already stays unchanged.

    An order whose stock was taken back takes it once more and is pending again.
    version: the version that the caller has seen; an order at another version stays as it is.
    at: the moment it happened; now where it is None.
    Raises OrderNotFound, VersionConflict, IllegalTransition if the order was canceled on request,
    and HoldExpired if its stock was taken back and is gone.
    """
    order = lock_order(order_id)
    is_canceled = order.status == Order.Status.CANCELED
    if not is_canceled and not order.is_held:
        return order
    refuse_other_version(order, version)
    if not is_canceled:
        confirm_locked(order, actor=actor, at=at)
    elif order.canceled_because != Order.CanceledBecause.EXPIRED:
        raise IllegalTransition("An order that is canceled cannot be confirmed.")
    elif not revive_locked(order, actor=actor, at=at):
        raise HoldExpired
    return order


def confirm_locked(order: Order, *, actor: str, at: datetime | None = None) -> None:
    """Make an order firm that is held, and that the caller has locked.

    Its hold may have expired: as long as nobody has taken its stock back, it has it.
    """
    _make_firm(order, "confirmed", actor=actor, at=at or engine().now())


def revive_locked(order: Order, *, actor: str, at: datetime | None = None) -> bool:
    """Take the stock of an order once more and make it pending and firm, if the stock is there.

    order: canceled because its hold had expired, and locked by the caller. It stays as it is if
        there is not enough stock; then the result is False.
    """
    lines = order.lines.all()
    units = by_product(lines, all_open(lines))
    try:
        ProductBook(read_products(ids=units.keys(), lock="wait")).take(units)
    except OutOfStock:
        return False
    at = at or engine().now()
    order.status, order.canceled_because = Order.Status.PENDING, None
    _make_firm(order, "revived", actor=actor, at=at)
    take_stock(moves=stock_moves(order.pk, units, revision=order.version, actor=actor), at=at)
    return True


def _make_firm(order: Order, kind: str, *, actor: str, at: datetime) -> None:
    order.held_until, order.version, order.updated_at = None, order.version + 1, at
    order.save(update_fields=_STATE)
    write_events({order.pk: actor}, kind, versions={order.pk: order.version}, at=at)

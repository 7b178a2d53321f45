"""The money of an order: what the service that keeps payments calls for each of them.

Whoever keeps a payment writes it in the same transaction. So `paid` is always the sum of payments
minus refunds.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from apps.orders.exceptions import InvalidOrder, RefundExceedsPaid
from apps.orders.holding.confirming import confirm_locked, revive_locked
from apps.orders.locking import lock_order
from apps.orders.models import Order
from apps.orders.placing.rules import MAX_PAID, NOTHING
from apps.orders.placing.statements import write_events
from monoservices.database.engines import engine


@transaction.atomic
def receive_money(
    *,
    order_id: int,
    amount: Decimal,
    actor: str,
    data: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> Order:
    """Add a payment to what is paid for an order, in any status, and return the order.

    Once everything that is due is paid, an order that is held becomes firm. Where its hold has
    expired and its stock was taken back, it takes the stock once more, if the stock is there;
    otherwise the order stays canceled, and needs a refund.
    amount: more than 0, in the order's currency. data: for the order's history, besides the amount;
    nothing personal. at: the moment it happened; now where it is None.
    Raises OrderNotFound, and InvalidOrder where the order would be paid more than MAX_PAID.
    """
    order = lock_order(order_id)
    paid = (order.paid or NOTHING) + amount
    if paid > MAX_PAID:
        raise InvalidOrder(errors={"amount": [f"An order can be paid {MAX_PAID} at most."]})
    said = {"amount": str(amount), **(data or {})}
    _set_paid(order, paid, kind="paid", actor=actor, data=said, at=at)
    if paid >= order.total - order.credited:
        _keep_stock(order, actor=actor, at=at)
    return order


@transaction.atomic
def give_money_back(
    *,
    order_id: int,
    amount: Decimal,
    actor: str,
    data: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> Order:
    """Subtract a refund from what is paid for an order, in any status, and return the order.

    The arguments are those of `receive_money`.
    Raises OrderNotFound, and RefundExceedsPaid where less than the amount is paid.
    """
    order = lock_order(order_id)
    paid = (order.paid or NOTHING) - amount
    if paid < 0:
        text = f"At most {order.paid or NOTHING} can be refunded."
        raise RefundExceedsPaid(errors={"amount": [text]})
    said = {"amount": str(amount), **(data or {})}
    _set_paid(order, paid, kind="refunded", actor=actor, data=said, at=at)
    return order


def _keep_stock(order: Order, *, actor: str, at: datetime | None) -> None:
    """Make an order firm that is paid for, if it is held or if its hold has expired."""
    if order.is_held:
        confirm_locked(order, actor=actor, at=at)
    elif order.canceled_because == Order.CanceledBecause.EXPIRED:
        revive_locked(order, actor=actor, at=at)


def _set_paid(
    order: Order,
    paid: Decimal,
    *,
    kind: str,
    actor: str,
    data: dict[str, Any],
    at: datetime | None,
) -> None:
    at = at or engine().now()
    order.paid, order.version, order.updated_at = paid, order.version + 1, at
    order.save(update_fields=["paid", "version", "updated_at"])
    versions, step = {order.pk: order.version}, (order.status, order.status)
    write_events({order.pk: actor}, kind, versions=versions, step=step, at=at, data=data)

"""The money of an order: what the service that keeps payments calls for each of them.

Whoever keeps a payment writes it in the same transaction. So `paid` is always the sum of payments
minus refunds.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from apps.orders.exceptions import InvalidOrder, RefundExceedsPaid
from apps.orders.models import Order
from apps.orders.money import NOTHING
from apps.orders.placing.rules import MAX_PAID
from apps.orders.placing.statements import write_events
from apps.orders.transitions import lock_order
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

    amount: more than 0, in the order's currency. data: for the order's history, besides the amount;
    nothing personal. at: the moment it happened; now where it is None.
    Raises OrderNotFound, and InvalidOrder where the order would be paid more than MAX_PAID.
    """
    order = lock_order(order_id)
    paid = (order.paid or NOTHING) + amount
    if paid > MAX_PAID:
        raise InvalidOrder(errors={"amount": [f"An order can be paid {MAX_PAID} at most."]})
    said = {"amount": str(amount), **(data or {})}
    return _set_paid(order, paid, actor=actor, kind="paid", data=said, at=at)


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
    return _set_paid(order, paid, actor=actor, kind="refunded", data=said, at=at)


def _set_paid(
    order: Order,
    paid: Decimal,
    *,
    kind: str,
    actor: str,
    data: dict[str, Any],
    at: datetime | None,
) -> Order:
    at = at or engine().now()
    order.paid, order.version, order.updated_at = paid, order.version + 1, at
    order.save(update_fields=["paid", "version", "updated_at"])
    write_events({order.pk: actor}, kind, at=at, step=(order.status, order.status), data=data)
    return order

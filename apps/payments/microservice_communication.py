"""Everything that payments asks of orders. Nothing else here touches them.

Reads are direct queries, in the number of statements that each function states; writes call the
owner's operations. What comes back is frozen: no model instance and no QuerySet crosses over.
RELIES_ON names the columns that are read; `manage.py check` fails where one of them is gone.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from decimal import Decimal

from apps.orders import operations
from apps.orders.exceptions import RefundExceedsPaid
from apps.orders.models import Order
from apps.orders.money import due_of, payment_status_of
from apps.orders.placing.rules import NOTHING
from apps.payments.snapshots import DemoOrder, PaidOrder
from monoservices.api.types import MAX_BIG_INTEGER
from monoservices.services.contracts import Columns

__all__ = [
    "PaidOrder",
    "RefundExceedsPaid",
    "currencies_of_orders",
    "demo_orders",
    "give_money_back",
    "paid_amounts",
    "receive_money",
]

RELIES_ON = (
    Columns(
        "orders.Order",
        id=int,
        client_id=int,
        status=str,
        currency=str,
        total=Decimal,
        credited=Decimal,
        paid=Decimal | None,
        idempotency_key=str,
        held_until=datetime | None,
        updated_at=datetime,
    ),
)

CHUNK_SIZE = 1_000
"""How many rows are fetched at once."""


def currencies_of_orders(*, ids: Collection[int], client_id: int | None) -> dict[int, str]:
    """The currencies of these orders by id, as far as they exist and belong to the client.

    client_id: None for the orders of every client. One statement.
    """
    orders = Order.objects.filter(pk__in=[each for each in ids if each <= MAX_BIG_INTEGER])
    if client_id is not None:
        orders = orders.filter(client_id=client_id)
    return dict(orders.values_list("pk", "currency"))


def demo_orders() -> list[DemoOrder]:
    """The orders that `seed_demo` of orders has placed, by id, without holds. One statement."""
    firm = Order.objects.filter(idempotency_key__startswith="demo-", held_until=None)
    orders = firm.order_by("pk").values_list("pk", "status", "total", "credited", "updated_at")
    return [
        DemoOrder(id=order_id, total=total, due=due_of(status, total, credited), at=at)
        for order_id, status, total, credited, at in orders
    ]


def paid_amounts() -> Iterator[tuple[int, Decimal]]:
    """(order id, what is paid) of the orders for which something is paid, by id. One statement."""
    paid = Order.objects.filter(paid__gt=0).order_by("pk").values_list("pk", "paid")
    for order_id, amount in paid.iterator(CHUNK_SIZE):
        yield order_id, amount or Decimal(0)


def receive_money(
    *, order_id: int, amount: Decimal, actor: str, payment_id: int, at: datetime | None
) -> PaidOrder:
    """Add a payment to what is paid for the order, inside the caller's transaction.

    It locks the order. at: the moment it happened; now where it is None.
    Raises an OrdersError: OrderNotFound, InvalidOrder.
    """
    data = {"payment_id": payment_id}
    return _paid(
        operations.receive_money(order_id=order_id, amount=amount, actor=actor, data=data, at=at)
    )


def give_money_back(
    *, order_id: int, amount: Decimal, actor: str, payment_id: int, at: datetime | None
) -> PaidOrder:
    """Subtract a refund from what is paid for the order; see `receive_money`.

    Raises an OrdersError: OrderNotFound, RefundExceedsPaid.
    """
    data = {"payment_id": payment_id}
    return _paid(
        operations.give_money_back(order_id=order_id, amount=amount, actor=actor, data=data, at=at)
    )


def _paid(order: Order) -> PaidOrder:
    due = due_of(order.status, order.total, order.credited)
    paid = order.paid or NOTHING
    return PaidOrder(
        id=order.pk,
        client_id=order.client_id,
        currency=order.currency,
        status=order.status,
        paid=paid,
        due=due,
        payment_status=payment_status_of(order.status, paid, due) or "",
        at=order.updated_at,
    )

"""What orders say is paid, against the payments."""

import io
from decimal import Decimal

import pytest
from django.core.management import call_command

from apps.orders.models import Order
from apps.orders.tests.factories import execute
from apps.payments.audit import audit
from apps.payments.operations import record_payment, record_refund
from apps.payments.tests.factories import by_card, order_of_10
from monoservices.database.engines import engine

pytestmark = pytest.mark.django_db


def test_the_books_are_right() -> None:
    order, _, last = (order_of_10() for _ in range(3))
    record_payment(order_id=order.pk, money=by_card("10.10", "1"), actor="a")
    record_payment(order_id=order.pk, money=by_card("0.20", "2"), actor="a")
    record_refund(order_id=order.pk, money=by_card("0.10", "3"), actor="a")
    record_payment(order_id=last.pk, money=by_card("5.00", "4"), actor="a")
    record_refund(order_id=last.pk, money=by_card("5.00", "5"), actor="a")
    assert list(audit()) == []


PAID = "UPDATE orders_order SET paid = {paid} WHERE id = {{id}}"
PAYMENT = "UPDATE payments_payment SET {set} WHERE order_id = {{id}} AND kind = '{kind}'"

DAMAGE = {
    PAID.format(paid="6.99"): ("6.99", "7.00"),
    PAID.format(paid="7.01"): ("7.01", "7.00"),
    PAID.format(paid="NULL"): ("0.00", "7.00"),
    PAYMENT.format(set="amount = 9.99", kind="payment"): ("7.00", "6.99"),
    PAYMENT.format(set="amount = 3.01", kind="refund"): ("7.00", "6.99"),
    PAYMENT.format(set="kind = 'payment'", kind="refund"): ("7.00", "13.00"),
    "DELETE FROM payments_payment WHERE order_id = {id} AND kind = 'refund'": ("7.00", "10.00"),
    "DELETE FROM payments_payment WHERE order_id = {id}": ("7.00", "0.00"),
    "DELETE FROM orders_order WHERE id = {id}": ("0.00", "7.00"),
}
"""Ways to damage the books of one order, of which 7.00 are paid: what the order and the payments
say then."""


@pytest.mark.usefixtures("undone")
def test_every_damage_is_found() -> None:
    for each in engine().append_only("payments_payment", [])[1]:
        execute(each)
    orders = [order_of_10() for _ in range(1 + len(DAMAGE))]
    for number, order in enumerate(orders):
        record_payment(order_id=order.pk, money=by_card("10.00", f"{number}"), actor="a")
        record_refund(order_id=order.pk, money=by_card("3.00", f"-{number}"), actor="a")
    for order, damage in zip(orders[1:], DAMAGE, strict=True):
        execute(damage.format(id=order.pk))
    assert list(audit()) == [
        f"Order {order.pk}: {said} is paid, but its payments sum to {kept}."
        for order, (said, kept) in zip(orders[1:], DAMAGE.values(), strict=True)
    ]


def test_what_is_off_is_named() -> None:
    few, none, many, before = (order_of_10() for _ in range(4))
    record_payment(order_id=few.pk, money=by_card("0.30", "1"), actor="a")
    record_payment(order_id=before.pk, money=by_card("7.00", "2"), actor="a")
    Order.objects.filter(pk=few.pk).update(paid=Decimal("0.29"))
    Order.objects.filter(pk=none.pk).update(paid=None)
    Order.objects.filter(pk=many.pk).update(paid=Decimal("1.00"))
    Order.objects.filter(pk=before.pk).update(paid=None)
    expected = [
        f"Order {few.pk}: 0.29 is paid, but its payments sum to 0.30.",
        f"Order {many.pk}: 1.00 is paid, but its payments sum to 0.00.",
        f"Order {before.pk}: 0.00 is paid, but its payments sum to 7.00.",
    ]
    assert list(audit()) == expected
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("reconcile", stdout=out)
    assert out.getvalue().splitlines() == [*expected, "3 discrepancies."]

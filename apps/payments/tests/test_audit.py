"""What orders say is paid, against the payments."""

import io
from decimal import Decimal

import pytest
from django.core.management import call_command

from apps.orders.models import Order
from apps.payments.audit import audit
from apps.payments.operations import record_payment, record_refund
from apps.payments.tests.factories import by_card, order_of_10

pytestmark = pytest.mark.django_db


def test_the_books_are_right() -> None:
    order, _, last = (order_of_10() for _ in range(3))
    record_payment(order_id=order.pk, money=by_card("10.10", "1"), actor="a")
    record_payment(order_id=order.pk, money=by_card("0.20", "2"), actor="a")
    record_refund(order_id=order.pk, money=by_card("0.10", "3"), actor="a")
    record_payment(order_id=last.pk, money=by_card("5.00", "4"), actor="a")
    record_refund(order_id=last.pk, money=by_card("5.00", "5"), actor="a")
    assert list(audit()) == []


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

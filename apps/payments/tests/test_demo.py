"""`make run` pays orders of the demo shop."""

import pytest
from django.core.management import call_command
from django.db.models import F
from django.db.models.functions import Round

from apps.orders.models import Order
from apps.orders.money import PAYMENT_STATUSES
from apps.payments import first_run
from apps.payments.audit import audit
from apps.payments.models import Payment

pytestmark = pytest.mark.django_db


def test_a_shop_without_orders_gets_no_payments() -> None:
    first_run.fill()
    assert Payment.objects.count() == 0


def test_the_demo_has_payments_of_every_kind() -> None:
    call_command("seed_demo", verbosity=0)
    first_run.fill()
    for status in PAYMENT_STATUSES:
        assert Order.objects.with_payment_status(status).exists(), status
    assert set(Payment.objects.values_list("kind", flat=True)) == {"payment", "refund"}
    # Of what was paid for and came back, most is refunded, and some is not.
    returned = Order.objects.filter(credited__gt=0, paid__gt=0)
    assert returned.filter(
        events__type="refunded", paid=Round(F("total") - F("credited"), 2)
    ).exists()
    assert returned.needing_refund().exists()
    assert list(audit()) == []
    count = Payment.objects.count()
    first_run.fill()
    assert Payment.objects.count() == count


def test_the_first_page_shows_a_command() -> None:
    title, command, _ = first_run.first_command(address="http://x", key="tp_key")
    assert title == "Record a payment"
    assert "http://x/api/v1/orders/1/payments/" in command
    assert "Bearer tp_key" in command

"""The staff pages of payments."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from apps.payments.models import Payment
from apps.payments.operations import record_payment
from apps.payments.tests.factories import by_card, order_of_10

pytestmark = pytest.mark.django_db

LIST = reverse("admin:payments_payment_changelist")


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 2), ("q={order}", 1), ("q=ch_2", 1), ("q=ch_3", 0), ("kind__exact=refund", 0)],
)
def test_the_list(staff: Callable[..., Client], query: str, count: int) -> None:
    orders = [order_of_10(), order_of_10()]
    for number, order in enumerate(orders, 1):
        record_payment(order_id=order.pk, money=by_card("10.00", f"ch_{number}"), actor="a")
    page = staff("view_payment").get(f"{LIST}?{query.format(order=orders[0].pk)}")
    assert page.status_code == 200
    assert page.context["cl"].result_count == count


def test_a_payment_is_shown_with_its_note_and_cannot_be_changed(
    staff: Callable[..., Client],
) -> None:
    record_payment(order_id=order_of_10().pk, money=by_card(note="Ann's mother"), actor="a")
    address = reverse("admin:payments_payment_change", args=[Payment.objects.get().pk])
    browser = staff("view_payment", "change_payment", "delete_payment")
    text = browser.get(address).content.decode()
    assert "Ann&#x27;s mother" in text
    assert "10.00 EUR" in text
    assert browser.post(address, {"amount": "1.00"}).status_code == 403
    assert Payment.objects.get().amount == 10

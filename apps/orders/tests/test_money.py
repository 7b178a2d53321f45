"""What is due, and whether an order is paid: the rule, and the conditions that say the same."""

from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from apps.orders.models import Order
from apps.orders.money import (
    PAYMENT_STATUSES,
    due_of,
    paid_at_first,
    payment_status_of,
)
from apps.orders.placing.rules import MAX_PAID, MAX_TOTAL, STATUSES
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import make_product
from conftest import Api
from monoservices.services.config import services

CENT = Decimal("0.01")
TOTALS = [Decimal("0.00"), CENT, Decimal("5.00"), Decimal("0.30"), MAX_TOTAL]
PAID = [None, *TOTALS, Decimal("4.99"), Decimal("5.01"), MAX_TOTAL - CENT, MAX_PAID]


@pytest.mark.parametrize(
    ("status", "paid", "expected"),
    [
        ("pending", None, None),
        ("pending", "0.00", "unpaid"),
        ("shipped", "4.99", "partly_paid"),
        ("delivered", "5.00", "paid"),
        ("pending", "5.01", "overpaid"),
        ("canceled", None, None),
        ("canceled", "0.00", "unpaid"),
        ("canceled", "0.01", "overpaid"),
    ],
)
def test_the_payment_status_of_an_order_of_5(
    status: str, paid: str | None, expected: str | None
) -> None:
    due = due_of(status, Decimal("5.00"), Decimal("0.00"))
    assert due == (0 if status == "canceled" else 5)
    amount = None if paid is None else Decimal(paid)
    assert payment_status_of(status, amount, due) == expected


def test_an_order_that_costs_nothing_is_paid() -> None:
    nothing = Decimal("0.00")
    assert payment_status_of("pending", nothing, nothing) == "paid"


@pytest.mark.django_db
def test_the_filters_say_what_the_answers_say(api: Api) -> None:
    """For every status, total and amount."""
    mug = make_product(stock=1_000)
    for status, total, paid in product(STATUSES, TOTALS, PAID):
        order = make_order(line(mug.id))
        Order.objects.filter(pk=order.pk).update(status=status, total=total, paid=paid)
    answers: dict[int, dict[str, Any]] = {}
    page = api.get("orders/?limit=100").json
    while page["results"]:
        answers |= {each["id"]: each for each in page["results"]}
        if page["next"] is None:
            break
        page = api.get(page["next"]).json
    assert len(answers) == len(STATUSES) * len(TOTALS) * len(PAID)

    def found(query: str) -> set[int]:
        page = api.get(f"orders/?limit=100&{query}").json
        ids = {each["id"] for each in page["results"]}
        while page["next"] is not None:
            page = api.get(page["next"]).json
            ids |= {each["id"] for each in page["results"]}
        return ids

    for status in PAYMENT_STATUSES:
        expected = {key for key, each in answers.items() if each["payment_status"] == status}
        assert expected
        assert found(f"payment_status={status}") == expected, status
    for needs in (True, False):
        expected = {key for key, each in answers.items() if each["needs_refund"] is needs}
        assert found(f"needs_refund={str(needs).lower()}") == expected, needs
    by_rule = {key for key, each in answers.items() if each["payment_status"] == "overpaid"}
    assert found("needs_refund=true") == by_rule


@pytest.mark.django_db
def test_every_answer_of_an_order_says_what_is_paid(api: Api) -> None:
    placed = api.post("orders/", {"product_id": make_product().id, "quantity": 2}).json
    names = ("paid", "due", "payment_status", "needs_refund")
    assert [placed[name] for name in names] == ["0.00", "10.00", "unpaid", False]
    order = f"orders/{placed['id']}/"
    canceled = api.post(f"{order}cancel/").json
    assert [canceled[name] for name in names] == ["0.00", "0.00", "unpaid", False]
    Order.objects.update(paid=None)
    for answer in (api.get(order).json, api.get("orders/").json["results"][0]):
        assert [answer[name] for name in names] == [None, "0.00", None, False]
    Order.objects.update(paid=Decimal("7.50"))
    for answer in (api.get(order).json, api.get("orders/").json["results"][0]):
        assert [answer[name] for name in names] == ["7.50", "0.00", "overpaid", True]


@pytest.mark.django_db
def test_without_a_service_that_keeps_payments_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, api: Api
) -> None:
    assert paid_at_first() == 0
    for service in services():
        monkeypatch.setattr(type(service), "provides", ())
    assert paid_at_first() is None
    placed = api.post("orders/", {"product_id": make_product().id, "quantity": 2}).json
    names = ("paid", "due", "payment_status", "needs_refund")
    assert [placed[name] for name in names] == [None, "10.00", None, False]
    assert Order.objects.get().paid is None

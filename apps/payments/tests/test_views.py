"""The API of payments."""

import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from apps.orders.models import Order
from apps.payments.models import Payment
from apps.payments.operations import record_payment, record_refund
from apps.payments.tests.factories import by_card, money, order_of_10
from conftest import Api

pytestmark = pytest.mark.django_db

MakeApi = Callable[..., Api]

BY_CARD = {"amount": "4", "method": "card", "provider": "bank", "provider_reference": "ch_1"}


def order_of(api: Api) -> str:
    """The address of a new order of 10.00 of this client."""
    return f"orders/{order_of_10(api.client_id).pk}/"


def test_a_payment(api: Api) -> None:
    order = order_of(api)
    answer = api.post(f"{order}payments/", BY_CARD | {"currency": "EUR", "note": "first part"})
    payment = Payment.objects.get()
    expected = {
        "id": payment.pk,
        "order_id": payment.order_id,
        "kind": "payment",
        "amount": "4.00",
        "currency": "EUR",
        "method": "card",
        "provider": "bank",
        "provider_reference": "ch_1",
        "note": "first part",
        "created_at": payment.created_at.isoformat().replace("+00:00", "Z"),
        "order_status": "pending",
        "paid": "4.00",
        "due": "10.00",
        "payment_status": "partly_paid",
        "needs_refund": False,
    }
    assert (answer.status, answer.json) == (201, expected)
    assert "Idempotent-Replayed" not in answer.headers
    of_order = Order.objects.get()
    assert (of_order.paid, of_order.version) == (Decimal("4.00"), 2)
    assert api.get(f"{order}payments/").json["results"] == [expected]
    assert api.get("payments/").json["results"] == [expected]
    assert api.get(f"{order}refunds/").json["results"] == []
    again = api.post(f"{order}payments/", BY_CARD)
    assert (again.status, again.content) == (201, answer.content)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_refund_is_replayed_although_nothing_is_left(api: Api) -> None:
    order = order_of(api)
    api.post(f"{order}payments/", BY_CARD)
    cash = {"amount": "4.00", "method": "cash"}
    first, again = (api.post(f"{order}refunds/", cash, idempotency_key="back") for _ in range(2))
    assert (again.status, again.content) == (201, first.content)
    refused = api.post(f"{order}refunds/", cash, idempotency_key="more")
    assert refused.error == (
        409,
        "refund_exceeds_paid",
        {"amount": ["At most 0.00 can be refunded."]},
    )


def test_a_key_is_needed_without_a_reference(api: Api) -> None:
    order = order_of(api)
    answer = api.post(f"{order}payments/", {"amount": "1", "method": "cash"})
    assert answer.error == (400, "idempotency_key_required", {})
    assert Payment.objects.count() == 0


@pytest.fixture
def some(api: Api) -> dict[str, int]:
    """Payments and refunds of two orders of the client, by a name for each."""
    one, two = order_of_10(api.client_id), order_of_10(api.client_id)
    rows = {
        "card": record_payment(order_id=one.pk, money=by_card("5", "c1"), actor="a"),
        "cash": record_payment(order_id=two.pk, money=money("6"), actor="a", idempotency_key="k"),
        "back": record_refund(order_id=one.pk, money=by_card("5", "c1"), actor="a"),
        "other": record_payment(order_id=two.pk, money=by_card("4", "c1", provider="x"), actor="a"),
    }
    return {name: each.payment.pk for name, each in rows.items()} | {"one": one.pk, "two": two.pk}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["other", "back", "cash", "card"]),
        ("kind=refund", ["back"]),
        ("kind=payment&method=card", ["other", "card"]),
        ("order_id={two}", ["other", "cash"]),
        ("provider_reference=c1", ["other", "back", "card"]),
        ("provider_reference=c1&provider=bank&kind=payment", ["card"]),
        ("created_before=2020-01-01T00:00:00Z", []),
        ("created_after=2020-01-01T00:00:00Z&method=cash", ["cash"]),
    ],
)
def test_filters(api: Api, some: dict[str, int], query: str, names: list[str]) -> None:
    query = query.format(**some)
    expected = [some[name] for name in names]
    found = [each["id"] for each in api.get(f"payments/?{query}").json["results"]]
    lines = api.get(f"payments/export/?{query}", accept="application/jsonl").content.splitlines()
    assert found == expected
    assert [json.loads(each)["id"] for each in lines] == expected[::-1]


def test_pages(api: Api, some: dict[str, int]) -> None:
    first = api.get("payments/?limit=3").json
    second = api.get(first["next"]).json
    ids = [each["id"] for each in (*first["results"], *second["results"])]
    assert ids == [some[name] for name in ("other", "back", "cash", "card")]
    assert second["next"] is None


def test_exports_say_what_the_api_says(api: Api, some: dict[str, int]) -> None:
    listed: list[dict[str, Any]] = api.get("payments/").json["results"][::-1]
    exported = api.get("payments/export/", accept="application/jsonl").content
    assert [json.loads(each) for each in exported.splitlines()] == listed
    printed = io.StringIO()
    call_command("export_payments", stdout=printed)
    rows = list(csv.DictReader(io.StringIO(printed.getvalue(), newline="")))
    as_text = [
        {name: str(value).lower() if value is False else str(value) for name, value in each.items()}
        for each in listed
    ]
    assert rows == as_text
    assert api.get("payments/export/").content.decode() == printed.getvalue()

"""Payments over the API, and what orders say of them."""

from collections.abc import Callable

import pytest

from apps.orders.operations import cancel_order
from apps.orders.tests.product_rows import make_product
from apps.payments.models import Payment
from apps.payments.operations import record_payment
from apps.payments.tests.factories import by_card, order_of_10
from conftest import Api

pytestmark = pytest.mark.django_db

MakeApi = Callable[..., Api]

BY_CARD = {"amount": "4", "method": "card", "provider": "bank", "provider_reference": "ch_1"}
NAMES = ("paid", "due", "payment_status", "needs_refund")


def order_of(api: Api) -> str:
    """The address of a new order of 10.00."""
    placed = api.post("orders/", {"product_id": make_product().id, "quantity": 2})
    return f"orders/{placed.json['id']}/"


def test_an_order_says_what_is_paid_after_each_payment(api: Api) -> None:
    order = order_of(api)
    seen = []
    for number, amount in enumerate(("4.00", "6.00", "1.00")):
        sent = BY_CARD | {"amount": amount, "provider_reference": f"{number}"}
        paid = api.post(f"{order}payments/", sent).json
        read = api.get(order)
        assert [read.json[name] for name in NAMES] == [paid[name] for name in NAMES]
        seen.append((read.json["payment_status"], read.headers["ETag"]))
    assert seen == [("partly_paid", '"2"'), ("paid", '"3"'), ("overpaid", '"4"')]
    assert [each["type"] for each in api.get(f"{order}events/").json["results"]] == [
        *("placed", "paid", "paid", "paid"),
    ]


def test_a_payment_of_everything_makes_a_held_order_firm(api: Api) -> None:
    sent = {"product_id": make_product().id, "quantity": 2, "hold_seconds": 60}
    order = f"orders/{api.post('orders/', sent).json['id']}/"
    refused = api.post(f"{order}ship/")
    assert refused.error == (409, "not_confirmed", {})
    api.post(f"{order}payments/", BY_CARD | {"amount": "10.00"})
    assert api.get(order).json["held_until"] is None
    assert api.post(f"{order}ship/").status == 200


def test_money_for_a_canceled_order_is_recorded_and_needs_a_refund(api: Api) -> None:
    order = order_of(api)
    api.post(f"{order}cancel/")
    paid = api.post(f"{order}payments/", BY_CARD)
    assert paid.status == 201
    assert (paid.json["order_status"], paid.json["payment_status"]) == ("canceled", "overpaid")
    assert (paid.json["due"], paid.json["needs_refund"]) == ("0.00", True)
    assert [each["id"] for each in api.get("orders/?needs_refund=true").json["results"]] == [
        paid.json["order_id"]
    ]
    back = api.post(f"{order}refunds/", BY_CARD)
    assert (back.status, back.json["paid"], back.json["needs_refund"]) == (201, "0.00", False)
    assert api.get("orders/?needs_refund=true").json["results"] == []


def test_clients_see_the_payments_of_their_own_orders(make_api: MakeApi, api: Api) -> None:
    order = order_of(api)
    manager = make_api("payments:write", "orders:manage", client="till")
    assert manager.post(f"{order}payments/", BY_CARD).status == 201
    scopes = ("payments:read", "payments:write")
    mine, other = make_api(*scopes), make_api(*scopes, client="other")
    assert len(mine.get("payments/").json["results"]) == 1
    assert other.get("payments/").json["results"] == []
    assert other.get("payments/export/").content.count(b"\n") == 1
    for answer in (
        other.get(f"{order}payments/"),
        other.post(f"{order}payments/", BY_CARD),
        other.post(f"{order}refunds/", BY_CARD),
    ):
        assert answer.error == (404, "not_found", {})
    assert Payment.objects.count() == 1


def test_a_payment_says_what_was_so_when_it_was_recorded(api: Api) -> None:
    order = order_of_10()
    record_payment(order_id=order.pk, money=by_card(), actor="a")
    cancel_order(order_id=order.pk, actor="a")
    [payment] = api.get(f"orders/{order.pk}/payments/").json["results"]
    assert (payment["order_status"], payment["payment_status"]) == ("pending", "paid")
    assert api.get(f"orders/{order.pk}/").json["payment_status"] == "overpaid"

"""Charges and taxes: recorded as they were sent, and a part of the total."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from apps.orders.exceptions import InvalidOrder, PriceChanged, PriceNotAllowed
from apps.orders.hot_routes import ORDERS
from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import Order, OrderCharge, OrderLine
from apps.orders.operations import OrderChange, cancel_order, change_order
from apps.orders.placing.requests import Charge, fingerprint_of
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import in_stock, make_product
from conftest import Api
from tests.books import assert_books_balance

pytestmark = pytest.mark.django_db

PARCEL = {
    "type": "shipping",
    "label": "Parcel",
    "amount": "4.90",
    "tax_rate": "19.00",
    "tax_amount": "0.78",
}
VOUCHER = {
    "type": "discount",
    "label": "",
    "amount": "-2.00",
    "tax_rate": None,
    "tax_amount": None,
}


@pytest.fixture
def mug() -> ProductSnapshot:
    return make_product(sku="MUG", price="5.00", stock=10)


def charge(amount: str, kind: str = "fee") -> Charge:
    return Charge(type=kind, amount=Decimal(amount))


def change(order: Order, *, may_set_prices: bool = True, **fields: Any) -> Order:
    return change_order(
        order_id=order.pk,
        change=OrderChange(**fields),
        actor="y",
        may_set_prices=may_set_prices,
    )


def money_of(order: Order) -> tuple[str, str | None, list[str]]:
    """The order's total, the sum of its charges, and each of them, as they are stored."""
    order = Order.objects.get(pk=order.pk)
    charged = None if order.charges_total is None else str(order.charges_total)
    return str(order.total), charged, [str(each.amount) for each in order.charges.all()]


# Placing


def test_charges_are_recorded_as_they_were_sent(api: Api, mug: ProductSnapshot) -> None:
    sent = {"lines": [{"sku": "MUG", "quantity": 2}], "charges": [PARCEL, VOUCHER]}
    placed = api.post("orders/", sent | {"expected_total": "12.90"})
    assert (placed.status, placed.json["total"]) == (201, "12.90")
    assert placed.json["charges"] == [PARCEL, VOUCHER]
    order = Order.objects.get()
    assert (order.total, order.charges_total) == (Decimal("12.90"), Decimal("2.90"))
    for path in (f"orders/{order.pk}/", "orders/", "orders/?status=pending"):
        answer = api.get(path).json
        assert (answer if "total" in answer else answer["results"][0]) == placed.json, path
    assert json.loads(order.first_answer) == placed.json
    assert_books_balance()


def test_an_order_without_charges_says_so(api: Api, mug: ProductSnapshot) -> None:
    forms: list[dict[str, Any]] = [{}, {"charges": []}]
    for sent in forms:
        placed = api.post("orders/", {"product_id": mug.id, "quantity": 1} | sent)
        assert (placed.json["charges"], placed.json["total"]) == ([], "5.00")
        [line_out] = placed.json["lines"]
        assert (line_out["tax_rate"], line_out["tax_amount"]) == (None, None)
        assert api.get(f"orders/{placed.json['id']}/").json == placed.json
    assert list(Order.objects.values_list("charges_total", flat=True)) == [None, None]


def test_free_shipping_is_a_charge_and_zero_has_no_sign(api: Api, mug: ProductSnapshot) -> None:
    free = {"type": "shipping", "amount": "-0"}
    placed = api.post("orders/", {"product_id": mug.id, "quantity": 1, "charges": [free]})
    assert [each["amount"] for each in placed.json["charges"]] == ["0.00"]
    assert api.get(f"orders/{placed.json['id']}/").json == placed.json
    assert money_of(Order.objects.get()) == ("5.00", "0.00", ["0.00"])


def test_taxes_of_lines(api: Api, mug: ProductSnapshot) -> None:
    taxed = {"sku": "MUG", "quantity": 1, "tax_rate": "7", "tax_amount": "0.33"}
    dearer = taxed | {"unit_price": "6.00", "tax_rate": None}
    placed = api.post("orders/", {"lines": [taxed, taxed, dearer]})
    taxes = [(each["tax_rate"], each["tax_amount"]) for each in placed.json["lines"]]
    assert taxes == [("7.00", "0.66"), (None, "0.33")]
    assert placed.json["total"] == "16.00"
    assert api.get(f"orders/{placed.json['id']}/").json == placed.json


def test_one_line_has_one_tax_rate(api: Api, mug: ProductSnapshot) -> None:
    lines = [
        {"sku": "MUG", "quantity": 1, "tax_rate": "7.00"},
        {"product_id": mug.id, "quantity": 1, "tax_rate": "19.00"},
        {"sku": "MUG", "quantity": 1},
        {"sku": "MUG", "quantity": 1, "tax_rate": "7.0", "tax_amount": "999999999999.99"},
        {"sku": "MUG", "quantity": 1, "tax_rate": "7.0", "tax_amount": "0.01"},
    ]
    status, code, errors = api.post("orders/", {"lines": lines}).error
    fields = ["lines.1.tax_rate", "lines.2.tax_rate", "lines.4.tax_amount"]
    assert (status, code, sorted(errors)) == (400, "invalid", fields)
    assert Order.objects.count() == 0


@pytest.mark.parametrize(
    ("amounts", "total"),
    [(["-5.00"], "0.00"), (["-5.01"], None), (["-5.00", "-1.00", "1.00"], "0.00")],
)
def test_a_total_is_never_below_zero(
    mug: ProductSnapshot, amounts: list[str], total: str | None
) -> None:
    charges = tuple(map(charge, amounts))
    if total is None:
        with pytest.raises(InvalidOrder) as refusal:
            make_order(line(mug.id), charges=charges)
        assert list(refusal.value.errors) == ["charges"]
        assert (Order.objects.count(), OrderCharge.objects.count()) == (0, 0)
        assert in_stock(mug) == 10
    else:
        assert str(make_order(line(mug.id), charges=charges).total) == total


def test_a_total_is_never_more_than_fits(mug: ProductSnapshot) -> None:
    most = charge("999999999994.99")
    assert str(make_order(line(mug.id), charges=(most,)).total) == "999999999999.99"
    with pytest.raises(InvalidOrder) as refusal:
        make_order(line(mug.id), charges=(most, charge("0.01")))
    assert list(refusal.value.errors) == ["charges"]


def test_the_expected_total_is_that_with_charges(mug: ProductSnapshot) -> None:
    with pytest.raises(PriceChanged) as refusal:
        make_order(line(mug.id), charges=(charge("1.00"),), expected_total=Decimal("5.00"))
    assert refusal.value.errors == {"expected_total": ["The order costs 6.00."]}
    order = make_order(line(mug.id), charges=(charge("1.00"),), expected_total=Decimal("6.00"))
    assert money_of(order) == ("6.00", "1.00", ["1.00"])


def test_only_a_charge_that_lowers_the_total_needs_the_scope(
    make_api: Callable[..., Api], mug: ProductSnapshot
) -> None:
    shop = make_api("orders:write")
    sent = {"product_id": mug.id, "quantity": 1}
    answer = shop.post("orders/", sent | {"charges": [PARCEL, VOUCHER]})
    status, code, errors = answer.error
    assert (status, code, list(errors)) == (403, "missing_scope", ["charges.1.amount"])
    assert Order.objects.count() == 0
    assert shop.post("orders/", sent | {"charges": [PARCEL]}).status == 201


def test_the_same_key_with_other_charges_is_another_request(api: Api, mug: ProductSnapshot) -> None:
    taxed = {"sku": "MUG", "quantity": 1, "tax_rate": "7.00", "tax_amount": "0.33"}
    sent: Any = {"lines": [taxed, taxed], "charges": [PARCEL, VOUCHER]}
    first = api.post("orders/", sent, idempotency_key="k")
    halves = [taxed | {"tax_amount": "0.30"}, taxed | {"tax_amount": "0.36"}]
    again = api.post("orders/", sent | {"lines": halves}, idempotency_key="k")
    assert (again.status, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    merged = taxed | {"quantity": 2, "tax_amount": None}
    others: list[dict[str, Any]] = [
        {"charges": [PARCEL]},
        {"charges": []},
        {"charges": [VOUCHER, PARCEL]},
        {"charges": [PARCEL | {"label": "Letter"}, VOUCHER]},
        {"charges": [PARCEL | {"tax_amount": "0.79"}, VOUCHER]},
        {"lines": [merged]},
        {"lines": [merged | {"tax_amount": "0.00"}]},
        {"lines": [merged | {"tax_rate": None, "tax_amount": "0.66"}]},
    ]
    for other in others:
        answer = api.post("orders/", sent | other, idempotency_key="k")
        assert answer.status == 422, other
    assert Order.objects.count() == 1


# Changing


def test_charges_are_replaced_and_lines_stay(api: Api, mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2), charges=(charge("1.00"), charge("0.50")))
    changed = api.patch(f"orders/{order.pk}/", {"charges": [PARCEL]})
    assert (changed.status, changed.json["charges"]) == (200, [PARCEL])
    assert (changed.json["total"], changed.json["quantity"]) == ("14.90", 2)
    assert money_of(order) == ("14.90", "4.90", ["4.90"])
    event = order.events.last()
    assert event is not None
    assert event.data == {
        "fields": [],
        "charges_before": [
            {"type": "fee", "amount": "1.00"},
            {"type": "fee", "amount": "0.50"},
        ],
        "charges_after": [{"type": "shipping", "amount": "4.90"}],
    }
    assert_books_balance()


def test_lines_change_and_charges_stay(api: Api, mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2), charges=(charge("-1.00"),))
    changed = api.patch(f"orders/{order.pk}/", {"quantity": 3})
    assert (changed.json["total"], len(changed.json["charges"])) == ("14.00", 1)
    assert money_of(order) == ("14.00", "-1.00", ["-1.00"])
    assert in_stock(mug) == 7
    assert_books_balance()


def test_all_charges_go(api: Api, mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2), charges=(charge("1.00"),))
    changed = api.patch(f"orders/{order.pk}/", {"charges": [], "expected_total": "10.00"})
    assert (changed.status, changed.json["charges"]) == (200, [])
    assert money_of(order) == ("10.00", None, [])


def test_a_discount_that_lines_no_longer_cover_is_refused(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2), charges=(charge("-6.00", "discount"),))
    for fields in ({"quantity": 1}, {"charges": (charge("-10.01"),)}):
        with pytest.raises(InvalidOrder) as refusal:
            change(order, **fields)
        assert list(refusal.value.errors) == ["charges"]
    with pytest.raises(PriceChanged):
        change(order, charges=(charge("1.00"),), expected_total=Decimal("10.00"))
    assert money_of(order) == ("4.00", "-6.00", ["-6.00"])
    assert (in_stock(mug), Order.objects.get().version) == (8, 1)


def test_without_the_scope_no_change_lowers_the_charges(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id), charges=(charge("3.00"), charge("-1.00")))
    for charges in ((), (charge("1.99"),), (charge("5.00"), charge("-3.01"))):
        with pytest.raises(PriceNotAllowed) as refusal:
            change(order, charges=charges, may_set_prices=False)
        assert list(refusal.value.errors) == ["charges"]
    assert money_of(order) == ("7.00", "2.00", ["3.00", "-1.00"])
    change(order, charges=(charge("5.00"), charge("-3.00")), may_set_prices=False)
    change(order, charges=(charge("2.01"),), may_set_prices=False)
    assert money_of(order) == ("7.01", "2.01", ["2.01"])
    change(order, charges=(), may_set_prices=True)
    with pytest.raises(PriceNotAllowed):
        change(order, charges=(charge("-0.01"),), may_set_prices=False)


def test_a_line_that_stays_keeps_its_tax_as_far_as_it_is_still_right(
    mug: ProductSnapshot,
) -> None:
    taxed = {"tax_rate": Decimal("7.00"), "tax_amount": Decimal("0.33")}
    order = make_order(line(mug.id, 1, **taxed))

    def text(amount: Decimal | None) -> str | None:
        return None if amount is None else str(amount)

    def tax() -> list[tuple[int, str | None, str | None]]:
        rows = OrderLine.objects.values_list("quantity", "tax_rate", "tax_amount")
        return [(count, text(rate), text(amount)) for count, rate, amount in rows]

    change(order, lines=(line(mug.id, 1),))
    assert tax() == [(1, "7.00", "0.33")]
    change(order, quantity=2)
    assert tax() == [(2, "7.00", None)]
    change(order, lines=(line(mug.id, 2, tax_amount=Decimal("0.65")),))
    assert tax() == [(2, "7.00", "0.65")]
    change(order, lines=(line(mug.id, 2, tax_rate=Decimal("19.00")),))
    assert tax() == [(2, "19.00", "0.65")]
    event = order.events.last()
    assert event is not None
    [after] = event.data["lines_after"]
    assert (after["tax_rate"], after["tax_amount"]) == ("19.00", "0.65")


def test_an_order_with_charges_is_canceled(api: Api, mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id), charges=(charge("1.00"),))
    canceled = api.post(f"orders/{order.pk}/cancel/")
    assert canceled.json == api.get(f"orders/{order.pk}/").json
    assert (canceled.json["total"], len(canceled.json["charges"])) == ("6.00", 1)
    assert_books_balance()


# What it costs


def test_an_order_without_charges_takes_no_further_statement(
    mug: ProductSnapshot, django_assert_num_queries: Any
) -> None:
    order = make_order(line(mug.id))
    canceled = cancel_order(order_id=order.pk, actor="x")
    with django_assert_num_queries(0):
        assert list(canceled.own_charges()) == []


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite does not say what it executed")
def test_the_database_looks_for_charges_only_where_there_are_some(mug: ProductSnapshot) -> None:
    def never_executed() -> list[bool]:
        """Whether the subquery of charges was not executed, for each way to read an order."""
        hot = ORDERS._statement_by("id").replace("%s", f"'[[{order.pk}]]'")
        cold, _ = Order.objects.with_lines().filter(pk=order.pk).query.sql_with_params()
        return ["never executed" in plan_of(sql) for sql in (hot, cold % order.pk)]

    def plan_of(sql: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF) {sql}")
            plan = "\n".join(row for (row,) in cursor.fetchall())
        _, at, rest = plan.partition("on orders_ordercharge")
        assert at
        return rest.splitlines()[0]

    order = make_order(line(mug.id))
    assert never_executed() == [True, True]
    order = make_order(line(mug.id), charges=(charge("1.00"),))
    assert never_executed() == [False, False]


def test_fingerprints_of_requests_without_charges_stay_what_they_were() -> None:
    """Keys never expire: a request that was placed before there were charges replays."""
    lines = [
        line(2, 3),
        line(None, 1, sku="MUG", unit_price=Decimal("5.00")),
        line(2, 1),
    ]
    details = {"reference": "R", "metadata": {"a": 1}, "expected_total": Decimal("9.90")}
    expected = "cf1de84153ea2d5c91dc562fa87134cf4959886e06222de044d600e27ebaca03"
    assert fingerprint_of(lines, details) == expected
    assert fingerprint_of(lines, details | {"charges": ()}) == expected

"""Exports of orders: the command `export_orders`, and the route."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.db.models.signals import pre_init
from django.test.utils import CaptureQueriesContext

from apps.orders.models import Order
from apps.orders.operations import cancel_order
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import make_product
from conftest import Api

pytestmark = pytest.mark.django_db


def exported(*options: str) -> str:
    out = io.StringIO()
    call_command("export_orders", *options, stdout=out)
    return out.getvalue()


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def orders(api: Api) -> list[Any]:
    """Two orders as they were answered, oldest first."""
    mug = make_product(name="=Mug", price="9.99")
    pot = make_product(name="Pot", price="1.00")
    lines = [{"product_id": pot.id, "quantity": 1}, {"product_id": mug.id, "quantity": 2}]
    details = {
        "reference": "+49 30",
        "customer_email": "ada@example.com",
        "metadata": {"a": [1, "b"]},
    }
    return [
        api.post("orders/", {"lines": lines} | details).json,
        api.post("orders/", {"product_id": mug.id, "quantity": 1}).json,
    ]


def test_csv_has_a_row_for_each_line_of_an_order(orders: list[Any]) -> None:
    first, second = orders
    rows = rows_of(exported())
    assert [(row["order_id"], row["product_name"], row["quantity"]) for row in rows] == [
        (str(first["id"]), "Pot", "1"),
        (str(first["id"]), "'=Mug", "2"),
        (str(second["id"]), "'=Mug", "1"),
    ]
    assert rows[1] == {
        "order_id": str(first["id"]),
        "status": "pending",
        "currency": "EUR",
        "total": "20.98",
        "credited": "0.00",
        "paid": "0.00",
        "due": "20.98",
        "payment_status": "unpaid",
        "needs_refund": "false",
        "reference": "'+49 30",
        "customer_email": "ada@example.com",
        "shipping_address": "{}",
        "metadata": '{"a":[1,"b"]}',
        "held_until": "",
        "canceled_because": "",
        "created_at": first["created_at"],
        "updated_at": first["updated_at"],
        "line_id": str(first["lines"][1]["id"]),
        "product_id": str(first["lines"][1]["product_id"]),
        "sku": first["lines"][1]["sku"],
        "product_name": "'=Mug",
        "unit_price": "9.99",
        "quantity": "2",
        "shipped_quantity": "0",
        "canceled_quantity": "0",
        "returned_quantity": "0",
        "tax_rate": "",
        "tax_amount": "",
        "charge_type": "",
        "charge_label": "",
        "charge_amount": "",
    }


def test_csv_has_a_row_for_each_charge_of_an_order(api: Api, orders: list[Any]) -> None:
    line_sent = {"sku": orders[0]["lines"][0]["sku"], "quantity": 1, "tax_amount": "0.16"}
    charges = [
        {"type": "shipping", "label": "=Parcel", "amount": "4.90", "tax_rate": "19"},
        {"type": "discount", "amount": "-2.00", "tax_amount": "-0.32"},
    ]
    order = api.post("orders/", {"lines": [line_sent], "charges": charges}).json
    names = ["sku", "quantity", "tax_rate", "tax_amount"]
    names += ["charge_type", "charge_label", "charge_amount"]
    rows = rows_of(exported())[3:]
    assert [[row[name] for name in names] for row in rows] == [
        [line_sent["sku"], "1", "", "0.16", "", "", ""],
        ["", "", "19.00", "", "shipping", "'=Parcel", "4.90"],
        ["", "", "", "-0.32", "discount", "", "-2.00"],
    ]
    assert {(row["order_id"], row["total"]) for row in rows} == {(str(order["id"]), "3.90")}
    assert json.loads(exported("--format=jsonl").splitlines()[-1]) == order


def test_json_lines_have_an_order_each_as_it_is_answered(api: Api, orders: list[Any]) -> None:
    text = exported("--format=jsonl")
    assert [json.loads(each) for each in text.splitlines()] == orders
    answer = api.get("orders/export/", accept="application/jsonl")
    assert answer.content.decode() == text
    assert api.get("orders/export/").content.decode() == exported()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders.jsonl"'


def test_an_export_takes_the_filters_of_the_list(api: Api, orders: list[Any]) -> None:
    cancel_order(order_id=orders[0]["id"], actor="x")
    for query in (
        "status=canceled",
        "reference=%2B49+30",
        f"product_id={orders[0]['lines'][0]['product_id']}",
    ):
        content = api.get(f"orders/export/?{query}", accept="application/jsonl").content
        assert [json.loads(each)["id"] for each in content.splitlines()] == [orders[0]["id"]], query


def test_a_client_exports_its_own_orders(orders: list[Any], make_api: Callable[..., Api]) -> None:
    other = make_api("orders:read", client="other")
    manager = make_api("orders:read", "orders:manage", client="other")
    assert rows_of(other.get("orders/export/").content.decode()) == []
    assert len(rows_of(manager.get("orders/export/").content.decode())) == 3


def test_an_export_takes_one_statement_however_many_orders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monoservices.files.exporting.CHUNK_SIZE", 3)
    product = make_product(stock=100)
    for _ in range(7):
        make_order(line(product.id), line(make_product().id))
    with CaptureQueriesContext(connection) as captured:
        assert len(rows_of(exported())) == 14
    # Around it, PostgreSQL is set up.
    assert len([query for query in captured if "orders_order" in query["sql"]]) == 1
    assert Order.objects.count() == 7


@pytest.mark.usefixtures("orders")
def test_an_export_makes_no_instances_of_models() -> None:
    """They would cost more than everything else that an export does for an order."""
    made: list[type[Model]] = []

    def note(sender: type[Model], **_: Any) -> None:
        made.append(sender)

    pre_init.connect(note)
    try:
        files = [exported(), exported("--format=jsonl")]
    finally:
        pre_init.disconnect(note)
    assert [len(text.splitlines()) for text in files] == [4, 2]
    assert made == []

"""The API of shipments, returns and canceled units."""

import csv
import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import Order, Return, Shipment
from apps.orders.tests.product_rows import in_stock, make_product
from conftest import Api
from tests.books import assert_ledger_balances, assert_orders_balance

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug() -> ProductSnapshot:
    return make_product(sku="MUG", name="Blue Mug", price="10.00", stock=10)


@pytest.fixture
def order(api: Api, mug: ProductSnapshot) -> Any:
    """Three mugs and a parcel, as they were answered."""
    lines = [{"product_id": mug.id, "quantity": 3}]
    charges = [{"type": "shipping", "amount": "4.90"}]
    return api.post("orders/", {"lines": lines, "charges": charges, "reference": "R-1"}).json


@pytest.fixture
def line_id(order: Any) -> int:
    found: int = order["lines"][0]["id"]
    return found


def now(api: Api, order: Any) -> Any:
    return api.get(f"orders/{order['id']}/").json


def test_a_shipment_and_its_replay(
    api: Api, order: Any, line_id: int, mug: ProductSnapshot
) -> None:
    path = f"orders/{order['id']}/shipments/"
    body = {"lines": [{"sku": "MUG", "quantity": 2}], "carrier": "DHL", "tracking_number": "17"}
    answer = api.post(path, body, idempotency_key="a", if_match='"1"')
    assert (answer.status, "Idempotent-Replayed" in answer.headers) == (201, False)
    assert answer.json == {
        "id": Shipment.objects.get().pk,
        "order_id": order["id"],
        "status": "shipped",
        "lines": [
            {
                "line_id": line_id,
                "product_id": mug.id,
                "sku": "MUG",
                "product_name": "Blue Mug",
                "quantity": 2,
            }
        ],
        "carrier": "DHL",
        "tracking_number": "17",
        "tracking_url": "",
        "created_at": now(api, order)["updated_at"],
        "delivered_at": None,
    }
    again = api.post(path, body, idempotency_key="a", if_match='"1"')
    assert (again.status, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.content == answer.content
    other = api.post(path, body | {"lines": [{"sku": "MUG", "quantity": 1}]}, idempotency_key="a")
    assert other.error == (422, "idempotency_key_reused", {})
    shipped = now(api, order)
    assert (shipped["status"], shipped["total"], shipped["due"]) == ("pending", "34.90", "34.90")
    [line] = shipped["lines"]
    assert (line["quantity"], line["shipped_quantity"], line["canceled_quantity"]) == (3, 2, 0)
    assert api.get(f"orders/{order['id']}/").headers["ETag"] == '"2"'


def test_everything_open_is_shipped_and_delivered(api: Api, order: Any) -> None:
    path = f"orders/{order['id']}/shipments/"
    shipment = api.post(path, {}, idempotency_key="a").json
    assert [line["quantity"] for line in shipment["lines"]] == [3]
    assert now(api, order)["status"] == "shipped"
    delivered = api.post(f"shipments/{shipment['id']}/deliver/")
    assert (delivered.status, delivered.json["status"]) == (200, "delivered")
    assert delivered.json["delivered_at"] == now(api, order)["updated_at"]
    assert now(api, order)["status"] == "delivered"
    assert api.post(f"shipments/{shipment['id']}/deliver/").json == delivered.json
    assert api.get(f"shipments/{shipment['id']}/").json == delivered.json


def test_tracking_is_changed(api: Api, order: Any) -> None:
    shipment = api.post(f"orders/{order['id']}/shipments/", {}, idempotency_key="a").json
    path = f"shipments/{shipment['id']}/"
    changed = api.patch(path, {"tracking_url": "https://example.org/17", "carrier": "DHL"})
    assert changed.status == 200
    assert changed.json == shipment | {
        "tracking_url": "https://example.org/17",
        "carrier": "DHL",
    }
    assert api.patch(path, {"carrier": ""}).json["carrier"] == ""
    wrong = api.patch(path, {"tracking_url": "javascript:alert(1)", "note": "x"})
    assert wrong.error == (
        *(400, "invalid"),
        {
            "tracking_url": ["Expected an address that begins with https:// or http://."],
            "note": ["There is no such field."],
        },
    )
    assert api.get(path).json["tracking_url"] == "https://example.org/17"


def test_units_are_canceled_once(api: Api, order: Any, line_id: int, mug: ProductSnapshot) -> None:
    path = f"orders/{order['id']}/cancel/"
    body = {"lines": [{"line_id": line_id, "quantity": 1}]}
    canceled = api.post(path, body, idempotency_key="a")
    assert (canceled.status, canceled.json["status"], canceled.json["total"]) == (
        *(200, "pending"),
        "24.90",
    )
    [line] = canceled.json["lines"]
    assert (line["quantity"], line["canceled_quantity"], canceled.json["quantity"]) == (3, 1, 3)
    again = api.post(path, body, idempotency_key="a", if_match='"1"')
    assert (again.content, again.headers["ETag"]) == (canceled.content, '"2"')
    assert in_stock(mug) == 8
    other = api.post(path, {"lines": [{"sku": "MUG", "quantity": 1}]}, idempotency_key="a")
    assert other.error == (422, "idempotency_key_reused", {})
    everything = api.post(path)
    assert (everything.json["status"], everything.json["total"]) == ("canceled", "24.90")
    [line] = everything.json["lines"]
    assert (line["quantity"], line["canceled_quantity"]) == (3, 3)
    assert everything.json["due"] == "0.00"
    assert api.post(path).json == everything.json
    assert in_stock(mug) == 10


def test_a_return_and_its_replay(api: Api, order: Any, line_id: int, mug: ProductSnapshot) -> None:
    api.post(f"orders/{order['id']}/ship/")
    body = {
        "lines": [
            {"line_id": line_id, "quantity": 1, "restock": True, "reason": "Too small"},
            {"sku": "MUG", "quantity": 1, "restock": False, "credit": "4"},
        ],
        "charges_credit": "4.90",
    }
    path = f"orders/{order['id']}/returns/"
    answer = api.post(path, body, idempotency_key="a", if_match='"2"')
    assert answer.status == 201
    line = {"line_id": line_id, "product_id": mug.id, "sku": "MUG", "product_name": "Blue Mug"}
    assert answer.json == {
        "id": Return.objects.get().pk,
        "order_id": order["id"],
        "currency": "EUR",
        "credit": "18.90",
        "charges_credit": "4.90",
        "lines": [
            line | {"quantity": 1, "restock": True, "credit": "10.00", "reason": "Too small"},
            line | {"quantity": 1, "restock": False, "credit": "4.00", "reason": ""},
        ],
        "created_at": now(api, order)["updated_at"],
    }
    again = api.post(path, body, idempotency_key="a")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (answer.content, "true")
    after = now(api, order)
    assert (after["status"], after["total"], after["credited"], after["due"]) == (
        *("shipped", "34.90"),
        *("18.90", "16.00"),
    )
    assert after["lines"][0]["returned_quantity"] == 2
    assert (in_stock(mug), api.get(f"returns/{answer.json['id']}/").json) == (8, answer.json)
    assert_ledger_balances()
    assert_orders_balance()


@pytest.mark.parametrize("route", ["shipments", "returns"])
def test_a_key_is_needed(api: Api, order: Any, route: str) -> None:
    body = {
        "lines": [{"sku": "MUG", "quantity": 1} | ({"restock": True} if route[0] == "r" else {})]
    }
    answer = api.post(f"orders/{order['id']}/{route}/", body)
    assert answer.error == (400, "idempotency_key_required", {})
    assert now(api, order) == order


UNNAMED = {"lines.0.line_id": ["Send either line_id or sku."]}


@pytest.mark.parametrize(
    ("route", "body", "errors"),
    [
        ("shipments", {"lines": [{"quantity": 1}]}, UNNAMED),
        ("shipments", {"lines": [{"quantity": 1, "line_id": 1, "sku": "MUG"}]}, UNNAMED),
        ("cancel", {"lines": [{"quantity": 1}]}, UNNAMED),
        ("returns", {"lines": [{"quantity": 1, "restock": True}]}, UNNAMED),
        (
            "returns",
            {"lines": [{"sku": "MUG", "quantity": 1}]},
            {"lines.0.restock": ["This field is required."]},
        ),
        ("returns", {}, {"lines": ["This field is required."]}),
        ("shipments", {"line": []}, {"line": ["There is no such field."]}),
        ("cancel", {"line": []}, {"line": ["There is no such field."]}),
    ],
)
def test_wrong_bodies(
    api: Api, order: Any, route: str, body: Any, errors: dict[str, list[str]]
) -> None:
    answer = api.post(f"orders/{order['id']}/{route}/", body, idempotency_key="a")
    assert answer.error == (400, "invalid", errors)
    assert now(api, order) == order


@pytest.mark.parametrize(
    ("route", "status", "code", "errors"),
    [
        ("shipments", 409, "quantity_exceeded", {"lines.0.quantity": ["There are 3 open."]}),
        ("cancel", 409, "quantity_exceeded", {"lines.0.quantity": ["There are 3 open."]}),
        ("returns", 409, "quantity_exceeded", {"lines.0.quantity": ["There are 0 to return."]}),
    ],
)
def test_too_many_units(
    api: Api, order: Any, route: str, status: int, code: str, errors: dict[str, list[str]]
) -> None:
    line = {"sku": "MUG", "quantity": 4} | ({"restock": True} if route == "returns" else {})
    answer = api.post(f"orders/{order['id']}/{route}/", {"lines": [line]}, idempotency_key="a")
    assert answer.error == (status, code, errors)
    assert now(api, order) == order


def test_who_may(make_api: Any, api: Api, order: Any) -> None:
    """Staff's keys ship and take back; a client reads what is its own."""
    shipment = api.post(f"orders/{order['id']}/shipments/", {}, idempotency_key="a").json
    line = {"sku": "MUG", "quantity": 1, "restock": True}
    back = api.post(f"orders/{order['id']}/returns/", {"lines": [line]}, idempotency_key="a").json
    own = make_api("orders:read", "orders:write")
    paths = [f"orders/{order['id']}/{route}/" for route in ("shipments", "returns")]
    for path, found in zip([*paths, "shipments/", "returns/"], [shipment, back] * 2, strict=True):
        assert own.get(path).json["results"] == [found]
    assert own.get(f"shipments/{shipment['id']}/").json == shipment
    for path in [*paths, f"shipments/{shipment['id']}/deliver/"]:
        assert own.post(path, {}, idempotency_key="b").error[:2] == (403, "missing_scope")
    assert own.patch(f"shipments/{shipment['id']}/", {}).error[:2] == (403, "missing_scope")
    other = make_api("orders:read", client="other")
    for path in [*paths, f"shipments/{shipment['id']}/", f"returns/{back['id']}/"]:
        assert other.get(path).error[:2] == (404, "not_found")
    for path in ("shipments/", "returns/", "shipments/export/"):
        assert b"MUG" not in other.get(path).content
    assert Shipment.objects.count() == 1


def test_lists_and_their_filters(api: Api, order: Any, mug: ProductSnapshot) -> None:
    second = api.post("orders/", {"product_id": mug.id, "quantity": 1}).json
    first = api.post(f"orders/{order['id']}/shipments/", {}, idempotency_key="a").json
    api.post(f"shipments/{first['id']}/deliver/")
    body = {"tracking_number": "17"}
    other = api.post(f"orders/{second['id']}/shipments/", body, idempotency_key="a").json

    def found(query: str) -> list[int]:
        return [each["id"] for each in api.get(f"shipments/?{query}").json["results"]]

    assert found("") == [other["id"], first["id"]]
    page = api.get("shipments/?limit=1").json
    assert [each["id"] for each in api.get(page["next"]).json["results"]] == [first["id"]]
    assert found("status=delivered") == [first["id"]]
    assert found("status=shipped") == [other["id"]]
    assert found("tracking_number=17") == [other["id"]]
    assert found(f"order_id={order['id']}") == [first["id"]]
    at = first["created_at"].replace("+", "%2B")
    assert found(f"created_after={at}") == [other["id"]]
    assert api.get("shipments/?status=lost").error[:2] == (400, "invalid")


def test_orders_by_what_was_shipped(api: Api, order: Any, mug: ProductSnapshot) -> None:
    whole = api.post("orders/", {"product_id": mug.id, "quantity": 1}).json
    api.post("orders/", {"product_id": mug.id, "quantity": 1})
    lines = {"lines": [{"sku": "MUG", "quantity": 1}]}
    api.post(f"orders/{order['id']}/shipments/", lines, idempotency_key="a")
    at = now(api, order)["updated_at"]
    api.post(f"orders/{whole['id']}/ship/")

    def found(query: str) -> list[int]:
        return [each["id"] for each in api.get(f"orders/?{query}").json["results"]]

    assert found("partly_shipped=true") == [order["id"]]
    assert len(found("partly_shipped=false")) == 2
    assert found(f"shipped_after={at}") == [whole["id"]]
    assert found("shipped_after=2020-01-01T00:00:00Z") == [whole["id"], order["id"]]


def test_exports_have_a_row_for_each_line(api: Api, order: Any, line_id: int) -> None:
    body = {"lines": [{"sku": "MUG", "quantity": 2}], "carrier": "=DHL"}
    shipment = api.post(f"orders/{order['id']}/shipments/", body, idempotency_key="a").json
    line = {"sku": "MUG", "quantity": 1, "restock": True, "reason": "Too small"}
    body = {"lines": [line], "charges_credit": "4.90"}
    back = api.post(f"orders/{order['id']}/returns/", body, idempotency_key="a").json
    [row] = csv.DictReader(io.StringIO(api.get("shipments/export/").content.decode()))
    assert row == {
        "shipment_id": str(shipment["id"]),
        "order_id": str(order["id"]),
        "reference": "R-1",
        "created_at": shipment["created_at"],
        "delivered_at": "",
        "line_id": str(line_id),
        "product_id": str(order["product_id"]),
        "sku": "MUG",
        "product_name": "Blue Mug",
        "quantity": "2",
        "unit_price": "10.00",
        "amount": "20.00",
        "currency": "EUR",
        "carrier": "'=DHL",
        "tracking_number": "",
    }
    lines = api.get("returns/export/", accept="application/jsonl").content.splitlines()
    rows = [json.loads(text) for text in lines]
    assert [(row["line_id"], row["amount"], row["reason"]) for row in rows] == [
        (line_id, "10.00", "Too small"),
        (None, "4.90", ""),
    ]
    assert {row["return_id"] for row in rows} == {back["id"]}
    for route in ("shipments", "returns"):
        printed = io.StringIO()
        call_command(f"export_{route}", stdout=printed)
        assert api.get(f"{route}/export/").content.decode() == printed.getvalue()


@pytest.mark.parametrize("route", ["shipments", "returns"])
def test_what_does_not_exist(api: Api, route: str) -> None:
    body = {
        "lines": [{"sku": "MUG", "quantity": 1} | ({"restock": True} if route[0] == "r" else {})]
    }
    for order_id in (2**62, 2**63, 10**18):
        path = f"orders/{order_id}/{route}/"
        assert api.post(path, body, idempotency_key="a").error[:2] == (404, "not_found")
        assert api.get(path).error[:2] == (404, "not_found")
    assert api.get(f"{route}/{2**62}/").error[:2] == (404, "not_found")
    assert Order.objects.count() == 0

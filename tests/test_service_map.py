"""The map of the services: the output of `manage.py services`, and its page in docs/."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

from monoservices.boundaries.map.mapping import Relation, Route, service_map
from monoservices.services.config import services as installed
from tests.shop import SHOP

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "reference" / "services.md"


def services(*options: str) -> str:
    printed = StringIO()
    call_command("services", *options, stdout=printed)
    return printed.getvalue()


def test_the_document_is_up_to_date() -> None:
    assert services() == services("--format", "markdown") == DOCUMENT.read_text(), (
        "Run make services."
    )


def test_what_the_map_knows() -> None:
    found = {each.label: each for each in service_map()}
    assert list(found) == [service.label for service in installed()]
    accounts, products, orders, payments = (found[label] for label in SHOP)
    assert (products.crossings, products.relations, products.depends_on) == ((), (), ())
    assert orders.depends_on == ("products", "accounts")
    assert orders.relations == (
        Relation("orders.Order.client", "accounts.Client", "accounts"),
        Relation("orders.OrderLine.product", "products.Product", "products"),
    )
    assert orders.tables == (
        "orders_cancellation",
        "orders_delivery",
        "orders_order",
        "orders_ordercharge",
        "orders_orderevent",
        "orders_orderline",
        "orders_return",
        "orders_returnline",
        "orders_returnreason",
        "orders_shipment",
        "orders_shipmentline",
        "orders_tracking",
    )
    assert "accounts_user_groups" in accounts.tables
    assert Route("/api/v1/orders/", ("GET", "POST"), "order-list") in orders.routes
    asked = {each.function: each.callees for each in orders.crossings}
    assert (asked["take_stock"], asked["client_id_for"]) == (("products",), ("accounts",))
    assert (payments.depends_on, payments.tables) == (
        ("orders",),
        ("payments_payment", "payments_paymentnote"),
    )


def test_the_map_as_json() -> None:
    found: list[dict[str, Any]] = json.loads(services("--format", "json"))
    assert [each["label"] for each in found] == [service.label for service in installed()]
    orders = next(each for each in found if each["label"] == "orders")
    assert list(orders) == [
        *("label", "package", "depends_on", "crossings", "relations", "tables", "routes"),
    ]
    assert orders["relations"][1] == {
        "field": "orders.OrderLine.product",
        "target": "products.Product",
        "service": "products",
    }


def test_the_map_as_a_picture() -> None:
    picture = services().split("```mermaid\n")[-1].split("```")[0]
    orders = next(each for each in service_map() if each.label == "orders")
    products = sum("products" in each.callees for each in orders.crossings)
    accounts = sum("accounts" in each.callees for each in orders.crossings)
    head, *lines = picture.splitlines()
    nodes = [f'    service_{each.label}["{each.label}"]' for each in installed()]
    assert (head, lines[: len(nodes)]) == ("flowchart TD", nodes)
    assert [line for line in lines if line.startswith("    service_orders -->")] == [
        f'    service_orders -->|"{products} crossings, 1 relation"| service_products',
        f'    service_orders -->|"{accounts} crossings, 1 relation"| service_accounts',
    ]

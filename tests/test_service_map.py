"""The map of the services: the output of `manage.py services`, and its page in docs/."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from monoservices.boundaries.map.mapping import Relation, Route, service_map

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "reference" / "services.md"


def services(*options: str) -> str:
    printed = StringIO()
    call_command("services", *options, stdout=printed)
    return printed.getvalue()


def test_the_document_is_up_to_date() -> None:
    assert services("--format", "markdown") == DOCUMENT.read_text(), "Run make services."


def test_what_the_map_knows() -> None:
    accounts, products, orders = service_map()
    assert [accounts.label, products.label, orders.label] == ["accounts", "products", "orders"]
    assert (products.crossings, products.relations, products.depends_on) == ((), (), ())
    assert orders.depends_on == ("products", "accounts")
    assert orders.relations == (
        Relation("orders.Order.client", "accounts.Client", "accounts"),
        Relation("orders.OrderLine.product", "products.Product", "products"),
    )
    assert orders.tables == ("orders_order", "orders_orderevent", "orders_orderline")
    assert "accounts_user_groups" in accounts.tables
    assert Route("/api/v1/orders/", ("GET", "POST"), "order-list") in orders.routes
    asked = {each.function: each.callees for each in orders.crossings}
    assert (asked["take_stock"], asked["client_id_for"]) == (("products",), ("accounts",))


def test_the_map_as_json() -> None:
    printed = services("--json")
    assert printed == services("--format", "json")
    found: list[dict[str, Any]] = json.loads(printed)
    assert [each["label"] for each in found] == ["accounts", "products", "orders"]
    assert list(found[2]) == [
        *("label", "package", "depends_on", "crossings", "relations", "tables", "routes"),
    ]
    assert found[2]["relations"][1] == {
        "field": "orders.OrderLine.product",
        "target": "products.Product",
        "service": "products",
    }


def test_the_map_as_text() -> None:
    blocks = services().split("\n\n")
    assert [each.splitlines()[0] for each in blocks[:3]] == [
        *("accounts (apps.accounts)", "products (apps.products)", "orders (apps.orders)"),
    ]
    lines = blocks[2].splitlines()
    assert lines[1] == "  depends on: products, accounts"
    assert "    orders.OrderLine.product -> products.Product" in lines
    assert "    /api/v1/orders/ GET POST" in lines
    assert "    accounts: client_id_for(*, built_in: str) -> int" in lines


@pytest.mark.parametrize("format_name", ["mermaid", "markdown"])
def test_the_map_as_a_picture(format_name: str) -> None:
    printed = services("--format", format_name)
    picture = printed.split("```mermaid\n")[-1].split("```")[0]
    products = sum("products" in each.callees for each in service_map()[2].crossings)
    accounts = sum("accounts" in each.callees for each in service_map()[2].crossings)
    assert picture == (
        "flowchart TD\n"
        '    service_accounts["accounts"]\n'
        '    service_products["products"]\n'
        '    service_orders["orders"]\n'
        f'    service_orders -->|"{products} crossings, 1 relation"| service_products\n'
        f'    service_orders -->|"{accounts} crossings, 1 relation"| service_accounts\n'
    )

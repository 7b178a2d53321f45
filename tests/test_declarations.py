"""What the services declare, and what their migrations create in the database."""

import ast
import asyncio
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

import monoservices
from monoservices.server.front import Front
from monoservices.services.config import ServiceConfig, services
from monoservices.services.crossings import Crossing, crossings
from monoservices.services.serving import url_modules
from tests.asgi import messages_of, new_django
from tests.shop import SHOP

MONOSERVICES = Path(monoservices.__file__).parent


def shop() -> list[ServiceConfig]:
    return [service for service in services() if service.label in SHOP]


def test_the_services_of_the_shop() -> None:
    assert [(service.label, service.depends_on) for service in shop()] == [
        ("accounts", ()),
        ("products", ()),
        ("orders", ("products", "accounts")),
        ("payments", ("orders",)),
    ]


def test_the_scopes_of_the_shop() -> None:
    named = [scope.name for service in shop() for scope in service.scopes]
    assert named == [
        *("products:read", "products:write", "stock:write"),
        *("orders:read", "orders:write", "orders:manage", "orders:price"),
        *("payments:read", "payments:write"),
    ]


def test_the_crossings_of_orders() -> None:
    orders = apps.get_app_config("orders")
    assert isinstance(orders, ServiceConfig)
    found = crossings(orders)
    products, accounts = ("products",), ("accounts",)
    assert {each.function: each.callees for each in found} == {
        "audit_stock": products,
        "client_id_for": accounts,
        "correct_ledger": products,
        "correct_reference": products,
        "create_demo_products": products,
        "existing_client_ids": accounts,
        "fingerprint_movements": products,
        "get_product_by_id": products,
        "get_products_by_name": products,
        "get_products_named": products,
        "open_commitments": products,
        "product_ids_by_part_of_sku": products,
        "read_products": products,
        "references_without_number": products,
        "sum_movements": products,
        "take_stock": products,
    }
    assert list(found) == sorted(found)
    assert Crossing("orders", "client_id_for", accounts, "(*, built_in: str) -> int") in found


@pytest.mark.django_db
@pytest.mark.parametrize(
    "table", ["products_stockmovement", "orders_orderevent", "payments_payment"]
)
def test_the_ledger_and_the_histories_are_append_only(table: str) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal "
                "AND tgenabled = 'O' ORDER BY tgname",
                [table],
            )
            assert cursor.fetchall() == [(f"{table}_append_only",), (f"{table}_no_truncate",)]
        else:
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s "
                "ORDER BY name",
                [table],
            )
            names = [name for (name,) in cursor.fetchall()]
            assert names == [f"{table}_no_{event}" for event in ("DELETE", "REPLACE", "UPDATE")]


def hot_routes() -> dict[tuple[str, str], str]:
    """The names of the hot routes' classes, by method and path."""

    async def run() -> dict[tuple[str, str], str]:
        front = Front(new_django())
        routes = {
            address: type(route.hot).__name__ for address, route in front.express.routes.items()
        }
        await messages_of(front, {"type": "lifespan"}, {"type": "lifespan.shutdown"})
        return routes

    return asyncio.run(run())


PRODUCTS_ROUTES = {
    ("GET", "/api/v1/products/0/"): "ReadProduct",
    ("GET", "/api/v1/products/"): "ListProducts",
    ("GET", "/api/v1/products/availability/"): "ReadAvailability",
}


def test_the_hot_routes(settings: Any) -> None:
    settings.SERVED_SERVICES = SHOP
    assert hot_routes() == PRODUCTS_ROUTES | {
        ("POST", "/api/v1/orders/"): "PlaceOrder",
        ("POST", "/api/v1/orders/0/shipments/"): "ShipOrder",
        ("GET", "/api/v1/orders/0/"): "ReadOrder",
        ("GET", "/api/v1/orders/"): "ListOrders",
    }


def test_routes_are_those_of_served_services(settings: Any) -> None:
    settings.SERVED_SERVICES = SHOP
    # Accounts has none.
    assert [*url_modules()] == [f"apps.{each}.urls" for each in ("products", "orders", "payments")]
    settings.SERVED_SERVICES = ["products"]
    assert [*url_modules()] == ["apps.products.urls"]
    assert hot_routes() == PRODUCTS_ROUTES


def test_monoservices_imports_no_service() -> None:
    services_here = tuple(f"{service.name}." for service in services())
    found = [
        f"{path.relative_to(MONOSERVICES)}: {name}"
        for path in MONOSERVICES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imported(node)
        if f"{name}.".startswith(services_here)
    ]
    assert found == []


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [str(node.module)]
    return [each.name for each in node.names] if isinstance(node, ast.Import) else []

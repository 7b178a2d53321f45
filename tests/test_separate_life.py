"""Each service runs alone from the same image: SERVICES selects what a process serves."""

import json
from typing import Any

import pytest

from tests.conftest import MakeDatabase
from tests.selection import run
from tests.test_serve import serving

COMMON = {
    "/": 200,
    "/readyz": 200,
    "/api/docs/": 200,
    "/console/": 200,
    "/console/accounts/apikey/": 200,
}
"""The responses of the project and the platform in every selection."""
PRODUCTS = {
    "/api/v1/products/": 200,
    "/console/products/": 200,
    "/console/products/product/": 200,
}
ORDERS = {"/api/v1/orders/": 200, "/console/orders/": 200, "/console/orders/order/": 200}

PAYMENTS = {
    "/api/v1/payments/": 200,
    "/console/payments/": 200,
    "/console/payments/payment/": 200,
}

OF_PRODUCTS = {
    "scopes": ["products:read", "products:write", "stock:write"],
    "express": [
        "GET /api/v1/products/0/",
        "GET /api/v1/products/",
        "GET /api/v1/products/availability/",
    ],
    "large bodies": ["/api/v1/products/import/"],
    "described": ["products", "stock"],
}
OF_ORDERS = {
    "scopes": ["orders:read", "orders:write", "orders:manage", "orders:price"],
    "express": [
        "POST /api/v1/orders/",
        "POST /api/v1/orders/0/shipments/",
        "GET /api/v1/orders/0/",
        "GET /api/v1/orders/",
    ],
    "described": ["orders", "returns", "shipments"],
}
OF_PAYMENTS = {
    "scopes": ["payments:read", "payments:write"],
    "described": ["orders", "payments"],
}
NOTHING: dict[str, Any] = {"scopes": [], "express": [], "large bodies": [], "described": []}


def gone(answers: dict[str, int]) -> dict[str, int]:
    return dict.fromkeys(answers, 404)


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        (
            "products",
            NOTHING
            | OF_PRODUCTS
            | {
                "installed": ["accounts", "products"],
                "served": ["accounts", "products"],
                "answers": COMMON | PRODUCTS | gone(ORDERS) | gone(PAYMENTS),
            },
        ),
        (
            "orders",
            NOTHING
            | OF_ORDERS
            | {
                "installed": ["accounts", "products", "orders"],
                "served": ["accounts", "orders"],
                "answers": COMMON | gone(PRODUCTS) | ORDERS | gone(PAYMENTS),
            },
        ),
        (
            "payments",
            NOTHING
            | OF_PAYMENTS
            | {
                "installed": ["accounts", "products", "orders", "payments"],
                "served": ["accounts", "payments"],
                "answers": COMMON | gone(PRODUCTS) | gone(ORDERS) | PAYMENTS,
            },
        ),
        (
            "accounts",
            NOTHING
            | {
                "installed": ["accounts"],
                "served": ["accounts"],
                "answers": COMMON | gone(PRODUCTS) | gone(ORDERS) | gone(PAYMENTS),
            },
        ),
        (
            "orders,products",
            {
                "installed": ["accounts", "products", "orders"],
                "served": ["accounts", "products", "orders"],
                "scopes": [*OF_PRODUCTS["scopes"], *OF_ORDERS["scopes"]],
                "express": [*OF_PRODUCTS["express"], *OF_ORDERS["express"]],
                "large bodies": OF_PRODUCTS["large bodies"],
                "described": ["orders", "products", "returns", "shipments", "stock"],
                "answers": COMMON | PRODUCTS | ORDERS | gone(PAYMENTS),
            },
        ),
    ],
)
def test_a_selection_has_what_it_names_and_no_more(
    make_database: MakeDatabase, services: str, expected: dict[str, Any]
) -> None:
    """Installed services have tables and commands; served services also have routes."""
    installed = sorted(expected["installed"])
    url = make_database(f"life_{services.replace(',', '_')}", "")
    process = run("-m", "tests.selection", DATABASE_URL=url, SERVICES=services, LOG_LEVEL="WARNING")
    assert process.stderr == ""
    assert json.loads(process.stdout) == expected | {
        "tables of": installed,
        "commands of": [f"apps.{label}" for label in installed],
    }


def test_products_are_served_alone(make_database: MakeDatabase) -> None:
    url = make_database("life_served_products", "")
    with serving(url, SERVICES="products") as server:
        status, body = server.send("GET", "/api/v1/products/")
        assert (status, json.loads(body)["results"][0]["stock_quantity"]) == (200, 5)
        status, body = server.send("POST", "/api/v1/orders/", {"product_id": 1, "quantity": 2})
        assert (status, json.loads(body)["code"]) == (404, "not_found")


def test_orders_are_served_alone(make_database: MakeDatabase) -> None:
    url = make_database("life_served_orders", "")
    with serving(url, SERVICES="orders") as server:
        status, body = server.send("POST", "/api/v1/orders/", {"product_id": 1, "quantity": 2})
        assert (status, json.loads(body)["total"]) == (201, "19.98")
        status, body = server.send("GET", "/api/v1/products/")
        assert (status, json.loads(body)["code"]) == (404, "not_found")

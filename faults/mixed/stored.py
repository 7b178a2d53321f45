"""Read the database as it is at the end, without Tradepost's code."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from itertools import starmap
from typing import Any

from faults.mixed.history import Movement, Stored, StoredOrder
from faults.shop import Shop

ORDERS = "SELECT id, idempotency_key, version, status, reference, total FROM orders_order"
LINES = "SELECT order_id, product_id, unit_price, quantity FROM orders_orderline ORDER BY id"
EVENTS = "SELECT order_id, from_status, to_status FROM orders_orderevent ORDER BY id"
PRODUCTS = """
    SELECT id, description, is_active, stock_quantity, committed_quantity FROM products_product
"""
MOVEMENTS = """
    SELECT product_id, delta, quantity_after, reason, reference, revision, idempotency_key,
        committed_delta, committed_after
    FROM products_stockmovement ORDER BY id
"""
REQUESTS = {
    "product": "SELECT key FROM products_productrequest",
    "stocks": "SELECT idempotency_key FROM products_stockrequest",
}


def read_stored(shop: Shop) -> Stored:
    """Read everything. The server may run, but nobody may write."""
    lines: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for order, product, price, quantity in shop.query(LINES):
        lines[order].append(
            {"product_id": product, "unit_price": _money(price), "quantity": quantity}
        )
    events: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for order, before, after in shop.query(EVENTS):
        events[order].append((before, after))
    orders = {}
    for key, name, version, status, reference, total in shop.query(ORDERS):
        document = {"id": key, "status": status, "reference": reference}
        document |= {"total": _money(total), "lines": lines[key]}
        orders[key] = StoredOrder(name, version, document, events[key])
    products = {
        key: {
            "id": key,
            "description": description,
            "is_active": bool(active),
            "stock_quantity": stock,
            "committed_quantity": committed,
        }
        for key, description, active, stock, committed in shop.query(PRODUCTS)
    }
    movements = [
        replace(movement, key=_own_key(movement.key))
        for movement in starmap(Movement, shop.query(MOVEMENTS))
    ]
    requests = {
        what: [_own_key(key) for (key,) in shop.query(sql)] for what, sql in REQUESTS.items()
    }
    return Stored(orders, products, movements, requests)


def _money(value: Any) -> str:
    """An amount as text. SQLite's driver gives a float or an integer."""
    return str(Decimal(str(value)).quantize(Decimal("0.01")))


def _own_key(key: str | None) -> str:
    """The key that a client sent. Keys of stock have the client's id before them."""
    return (key or "").rpartition(":")[2]

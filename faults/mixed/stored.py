"""Read the database as it is at the end, without Tradepost's code."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import starmap
from typing import Any

from faults.mixed.history import Event, Movement, Stored, StoredMoney, StoredOrder
from faults.shop import Shop

MOMENT = "SELECT CURRENT_TIMESTAMP"
ORDERS = """
    SELECT id, idempotency_key, version, held_until, status, reference, total, paid,
        canceled_because
    FROM orders_order
"""
LINES = "SELECT order_id, product_id, unit_price, quantity FROM orders_orderline ORDER BY id"
CHARGES = "SELECT order_id, amount FROM orders_ordercharge ORDER BY id"
EVENTS = """
    SELECT order_id, type, from_status, to_status, version, created_at, data
    FROM orders_orderevent ORDER BY id
"""
MONEY = """
    SELECT id, order_id, kind, coalesce(idempotency_key, provider_reference), amount, paid, due,
        order_status
    FROM payments_payment ORDER BY id
"""
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
    """Read everything. The server may run, but no client may write."""
    ((now,),) = shop.query(MOMENT)
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
    money = [
        StoredMoney(key, order, kind, name, _decimal(amount), _decimal(paid), _decimal(due), status)
        for key, order, kind, name, amount, paid, due, status in shop.query(MONEY)
    ]
    return Stored(_orders(shop), products, movements, requests, money, _moment(now))


def _orders(shop: Shop) -> dict[int, StoredOrder]:
    lines = _by_order(shop, LINES, _line)
    charges = _by_order(shop, CHARGES, lambda amount: {"amount": _money(amount)})
    events = _by_order(shop, EVENTS, _event)
    orders = {}
    for key, name, version, held_until, status, reference, total, paid, because in shop.query(
        ORDERS
    ):
        document = {
            "id": key,
            "status": status,
            "reference": reference,
            "total": _money(total),
            "paid": _money(paid),
            "lines": lines[key],
            "charges": charges[key],
            "held_until": held_until,
            "canceled_because": because,
        }
        orders[key] = StoredOrder(name, version, document, events[key], _moment(held_until))
    return orders


def _by_order(shop: Shop, sql: str, made_of: Callable[..., Any]) -> dict[int, list[Any]]:
    """Rows by the order's id, which is their first column."""
    found: dict[int, list[Any]] = defaultdict(list)
    for order, *columns in shop.query(sql):
        found[order].append(made_of(*columns))
    return found


def _line(product: int, price: Any, quantity: int) -> dict[str, Any]:
    return {"product_id": product, "unit_price": _money(price), "quantity": quantity}


def _event(*columns: Any) -> Event:
    kind, before, after, version, at, data = columns
    said = json.loads(data) if isinstance(data, str) else data
    amount = None if "amount" not in said else Decimal(said["amount"])
    return Event(kind, before, after, version, _moment(at), said.get("payment_id"), amount)


def _decimal(value: Any) -> Decimal:
    """An amount. SQLite's driver gives a float or an integer."""
    return Decimal(str(value)).quantize(Decimal("0.01"))


def _money(value: Any) -> str | None:
    return None if value is None else str(_decimal(value))


def _moment(value: Any) -> Any:
    """A time, or None. SQLite's driver gives a text in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value


def _own_key(key: str | None) -> str:
    """The key that a client sent. Keys of stock have the client's id before them."""
    return (key or "").rpartition(":")[2]

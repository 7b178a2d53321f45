"""Read the database as it is at the end, without Tradepost's code."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import starmap
from typing import Any

from faults.mixed.history import (
    Event,
    Movement,
    Stored,
    StoredMoney,
    StoredOrder,
    StoredReturn,
    StoredShipment,
)
from faults.shop import Shop

MOMENT = "SELECT CURRENT_TIMESTAMP"
ORDERS = """
    SELECT id, idempotency_key, version, held_until, status, reference, total, paid,
        canceled_because, credited, partly_shipped
    FROM orders_order
"""
LINES = """
    SELECT order_id, id, product_id, unit_price, quantity, shipped_quantity, canceled_quantity,
        returned_quantity
    FROM orders_orderline ORDER BY id
"""
SHIPMENTS = """
    SELECT s.id, s.order_id, s.version, s.idempotency_key, d.shipment_id
    FROM orders_shipment AS s LEFT JOIN orders_delivery AS d ON d.shipment_id = s.id ORDER BY s.id
"""
SHIPPED = "SELECT shipment_id, line_id, quantity FROM orders_shipmentline"
RETURNS = "SELECT id, order_id, version, idempotency_key, credit FROM orders_return ORDER BY id"
RETURNED = "SELECT order_return_id, line_id, quantity, is_restocked, credit FROM orders_returnline"
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
    "cancel": "SELECT idempotency_key FROM orders_cancellation",
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
    shipments, returns = _shipments(shop), _returns(shop)
    return Stored(
        _orders(shop), products, movements, requests, money, shipments, returns, _moment(now)
    )


def _orders(shop: Shop) -> dict[int, StoredOrder]:
    lines = _by_order(shop, LINES, _line)
    charges = _by_order(shop, CHARGES, lambda amount: {"amount": _money(amount)})
    events = _by_order(shop, EVENTS, _event)
    orders = {}
    for key, name, version, held_until, *columns in shop.query(ORDERS):
        status, reference, total, paid, because, credited, is_partly = columns
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
            "credited": _money(credited),
            "partly_shipped": bool(is_partly),
        }
        orders[key] = StoredOrder(name, version, document, events[key], _moment(held_until))
    return orders


def _by_order(shop: Shop, sql: str, made_of: Callable[..., Any]) -> dict[int, list[Any]]:
    """Rows by the order's id, which is their first column."""
    found: dict[int, list[Any]] = defaultdict(list)
    for order, *columns in shop.query(sql):
        found[order].append(made_of(*columns))
    return found


def _line(key: int, product: int, price: Any, *units: int) -> dict[str, Any]:
    names = ("quantity", "shipped_quantity", "canceled_quantity", "returned_quantity")
    line = {"id": key, "product_id": product, "unit_price": _money(price)}
    return line | dict(zip(names, units, strict=True))


def _shipments(shop: Shop) -> list[StoredShipment]:
    units: dict[int, Counter[int]] = defaultdict(Counter)
    for shipment, line, quantity in shop.query(SHIPPED):
        units[shipment][line] += quantity
    return [
        StoredShipment(key, order, version, name or "", units[key], arrived is not None)
        for key, order, version, name, arrived in shop.query(SHIPMENTS)
    ]


def _returns(shop: Shop) -> list[StoredReturn]:
    units: dict[int, Counter[int]] = defaultdict(Counter)
    restocked: dict[int, Counter[int]] = defaultdict(Counter)
    credited: dict[int, Decimal] = defaultdict(Decimal)
    for key, line, quantity, is_restocked, credit in shop.query(RETURNED):
        credited[key] += _decimal(credit)
        if line is not None:
            units[key][line] += quantity
            restocked[key][line] += quantity if is_restocked else 0
    return [
        StoredReturn(
            *(key, order, version, name),
            *(_decimal(credit), credited[key], units[key], restocked[key]),
        )
        for key, order, version, name, credit in shop.query(RETURNS)
    ]


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

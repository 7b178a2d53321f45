"""Orders for tests, with defaults for everything that a test does not care about."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from apps.orders.microservice_communication import ProductSnapshot, client_id_for
from apps.orders.models import Order
from apps.orders.operations import place_order
from apps.orders.placing.requests import LineRequest, OrderRequest, order_request

ACTOR = "client:1"


def snapshot(
    product_id: int = 1, *, price: str = "5.00", stock: int = 10, is_active: bool = True
) -> ProductSnapshot:
    """A product without a row in the database; its SKU is `SKU-<id>`."""
    return ProductSnapshot(
        id=product_id,
        sku=f"SKU-{product_id}",
        name=f"Product {product_id}",
        price=Decimal(price),
        stock_quantity=stock,
        is_active=is_active,
    )


def line(product_id: int | None = 1, quantity: int = 1, **fields: Any) -> LineRequest:
    """A line of the short form, unless `path` is given."""
    return LineRequest(**{"path": "", "product_id": product_id, "quantity": quantity} | fields)


def request(
    *lines: LineRequest, key: str | None = None, client_id: int = 1, **details: Any
) -> OrderRequest:
    """A request with a key of its own, unless `key` is given."""
    return order_request(
        client_id=client_id, actor=ACTOR, lines=lines, idempotency_key=key, **details
    )


def shop_request(*lines: LineRequest, key: str | None = None, **details: Any) -> OrderRequest:
    """A request of a client that is in the database."""
    return request(*lines, key=key, client_id=client_id_for(built_in="console"), **details)


def make_order(*lines: LineRequest, at: datetime | None = None, **details: Any) -> Order:
    """An order in the database. at: when it was placed; now where it is None."""
    return Order.objects.get(pk=place_order(shop_request(*lines, **details), at=at).id)


def execute(sql: str, *parameters: Any) -> None:
    """Change the database without the operations."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)

"""The statements that write orders: three for a batch, whatever its size."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings
from django.utils import timezone

from apps.orders.microservice_communication import StockMove
from apps.orders.models import Order, OrderEvent, OrderLine
from apps.orders.placing.deciding import Accepted
from apps.orders.placing.pricing import PricedLine
from apps.orders.structs import LineOut, OrderOut
from monoservices.database.rows import ColumnTypes, insert_rows

_ORDER: ColumnTypes = {
    "id": "bigint",
    "client_id": "bigint",
    "status": "text",
    "currency": "text",
    "total": "numeric",
    "reference": "text",
    "customer_email": "text",
    "shipping_address": "json",
    "metadata": "json",
    "idempotency_key": "text",
    "fingerprint": "text",
    "first_answer": "text",
    "version": "integer",
    "created_at": "timestamp",
    "updated_at": "timestamp",
}
_LINE: ColumnTypes = {
    "order_id": "bigint",
    "product_id": "bigint",
    "sku": "text",
    "product_name": "text",
    "unit_price": "numeric",
    "quantity": "integer",
}
_EVENT: ColumnTypes = {
    "order_id": "bigint",
    "type": "text",
    "from_status": "text",
    "to_status": "text",
    "actor": "text",
    "data": "json",
    "created_at": "timestamp",
}


def write_orders(accepted: Mapping[int, Accepted]) -> dict[int, str]:
    """Insert accepted orders under the given ids, with their lines and first events.

    Returns, by id, the JSON text of each order's answer, which its row keeps.
    """
    now = timezone.now()
    answers = {
        order_id: msgspec.json.encode(_answer(order_id, order, now)).decode()
        for order_id, order in accepted.items()
    }
    insert_rows(
        Order,
        _ORDER,
        [_order_row(order_id, order, answers[order_id]) for order_id, order in accepted.items()],
        shared={
            "status": "pending",
            "currency": settings.CURRENCY,
            "version": 1,
            "created_at": now,
            "updated_at": now,
        },
    )
    write_lines({order_id: order.lines for order_id, order in accepted.items()})
    actors = {order_id: order.request.actor for order_id, order in accepted.items()}
    write_events(actors, "placed", statuses=("", "pending"), at=now)
    return answers


def write_lines(lines_by_order: Mapping[int, Iterable[PricedLine]]) -> None:
    """Insert the lines of orders, given by the orders' ids. One statement."""
    rows = [
        {
            "order_id": order_id,
            "product_id": line.product.id,
            "sku": line.product.sku,
            "product_name": line.product.name,
            "unit_price": line.unit_price,
            "quantity": line.quantity,
        }
        for order_id, lines in lines_by_order.items()
        for line in lines
    ]
    insert_rows(OrderLine, _LINE, rows)


def write_events(
    actors: Mapping[int, str],
    kind: str,
    *,
    statuses: tuple[str, str],
    at: datetime,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Insert the same event for each of many orders. One statement.

    actors: who did it, by the orders' ids. statuses: before and after.
    data: nothing personal.
    """
    insert_rows(
        OrderEvent,
        _EVENT,
        [{"order_id": order_id, "actor": actor} for order_id, actor in actors.items()],
        shared={
            "type": kind,
            "from_status": statuses[0],
            "to_status": statuses[1],
            "data": data or {},
            "created_at": at,
        },
    )


def stock_moves(
    order_id: int, deltas: Mapping[int, int], *, revision: int, actor: str
) -> list[StockMove]:
    """The movements of an order at one of its versions: units by product id, negative for sold."""
    return [
        StockMove(
            product_id=product_id,
            delta=delta,
            reason="sold" if delta < 0 else "released",
            reference=f"order:{order_id}",
            revision=revision,
            actor=actor,
        )
        for product_id, delta in sorted(deltas.items())
        if delta
    ]


def _answer(order_id: int, accepted: Accepted, now: datetime) -> OrderOut:
    request = accepted.request
    return OrderOut(
        id=order_id,
        status="pending",
        currency=settings.CURRENCY,
        total=accepted.total,
        reference=request.reference,
        customer_email=request.customer_email,
        shipping_address=request.shipping_address,
        metadata=request.metadata,
        lines=[
            LineOut(
                product_id=line.product.id,
                sku=line.product.sku,
                product_name=line.product.name,
                unit_price=line.unit_price,
                quantity=line.quantity,
            )
            for line in accepted.lines
        ],
        created_at=now,
        updated_at=now,
    )


def _order_row(order_id: int, accepted: Accepted, answer: str) -> dict[str, Any]:
    request = accepted.request
    return {
        "id": order_id,
        "client_id": request.client_id,
        "total": accepted.total,
        "reference": request.reference,
        "customer_email": request.customer_email,
        "shipping_address": request.shipping_address,
        "metadata": request.metadata,
        "idempotency_key": request.idempotency_key,
        "fingerprint": request.fingerprint,
        "first_answer": answer,
    }

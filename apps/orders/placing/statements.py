"""The statements of a batch of orders, whose number does not depend on the size of the batch."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from django.conf import settings
from msgspec import structs

from apps.orders.answers import order_out
from apps.orders.microservice_communication import StockMove
from apps.orders.models import Order, OrderCharge, OrderEvent, OrderLine
from apps.orders.money import paid_at_first
from apps.orders.placing.deciding import Accepted, KnownOrder
from apps.orders.placing.pricing import PricedLine
from apps.orders.placing.requests import Charge, Key
from apps.orders.placing.rules import EVENTS, NOTHING
from monoservices.database.engines import engine
from monoservices.database.rows import (
    ColumnTypes,
    column_types,
    insert_rows,
    row_parameters,
    rows_from,
)
from monoservices.database.statements import PendingRows, enqueue

_KEY: ColumnTypes = {"client_id": "bigint", "key": "text"}
# What no new order is: canceled, credited, shipped.
_ORDER = column_types(Order, without={"canceled_because", "credited", "partly_shipped"})
_NO_PARTS = {"shipped_quantity": 0, "canceled_quantity": 0, "returned_quantity": 0}
_LINE = column_types(OrderLine, without=_NO_PARTS)
_CHARGE = column_types(OrderCharge, without={"id"})
EVENT = column_types(OrderEvent, without={"id"})


def enqueue_known_orders(keys: Collection[Key]) -> PendingRows:
    """Ask for the orders that were placed with these keys; see `known_orders`."""
    rows = [{"client_id": client_id, "key": key} for client_id, key in keys]
    return enqueue(_known_statement(), row_parameters(_KEY, rows), columns=5)


def known_orders(rows: PendingRows) -> dict[Key, KnownOrder]:
    """What `enqueue_known_orders` found."""
    return {
        (client_id, key): KnownOrder(order_id, fingerprint, first_response)
        for client_id, key, order_id, fingerprint, first_response in rows.fetch()
    }


def write_orders(
    accepted: Mapping[int, Accepted], *, line_ids: Iterator[int], at: datetime
) -> dict[int, str]:
    """Insert accepted orders under the given ids, with lines, charges and first events.

    line_ids: reserved for the lines. at: the moment it happened.
    Returns, by id, the JSON text of each order's response, which its row keeps.
    """
    shared: dict[str, Any] = {"status": "pending", "currency": settings.CURRENCY, "version": 1}
    shared |= {"created_at": at, "updated_at": at, "paid": paid_at_first(), "credited": NOTHING}
    orders, lines, charges = [], [], []
    for order_id, order in accepted.items():
        # Of the request, the row takes the client, the key, the fingerprint and the details.
        row = structs.asdict(order.request) | shared | {"id": order_id, "total": order.total}
        row["charges_total"] = order.charged
        seconds = order.request.hold_seconds
        row["canceled_because"] = None
        row["held_until"] = None if seconds is None else at + timedelta(seconds=seconds)
        own_lines = _line_rows(order_id, order.lines, line_ids)
        own_charges = _charge_rows(order_id, order.request.charges)
        answer = order_out(row, own_lines, own_charges)
        row["first_answer"] = msgspec.json.encode(answer).decode()
        orders.append(row)
        lines += own_lines
        charges += own_charges
    insert_rows(Order, _ORDER, orders, shared=shared, optional=("charges_total", "held_until"))
    insert_rows(OrderLine, _LINE, lines, optional=("tax_rate", "tax_amount"))
    if charges:
        insert_rows(OrderCharge, _CHARGE, charges)
    actors = {order_id: order.request.actor for order_id, order in accepted.items()}
    write_events(actors, "placed", versions=dict.fromkeys(accepted, 1), at=at)
    return {row["id"]: row["first_answer"] for row in orders}


def write_lines(order_id: int, lines: Sequence[PricedLine]) -> None:
    """Insert further lines of an order."""
    reserved = engine().reserve_ids(OrderLine, len(lines)).fetch()
    line_ids = (key for (key,) in reserved)
    insert_rows(OrderLine, _LINE, _line_rows(order_id, lines, line_ids))


def write_charges(order_id: int, charges: Iterable[Charge]) -> None:
    """Insert further charges of an order."""
    insert_rows(OrderCharge, _CHARGE, _charge_rows(order_id, charges))


def write_events(
    actors: Mapping[int, str],
    kind: str,
    *,
    versions: Mapping[int, int],
    at: datetime,
    step: tuple[str, str] | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Insert the same event for each of many orders.

    actors: who did it, by the orders' ids. kind: one of EVENTS. versions: of the orders, after it.
    step: the status before and after it; where it is None, the first one that EVENTS has.
    data: nothing personal.
    """
    before, after = step or EVENTS[kind][0]
    shared: dict[str, Any] = {"type": kind, "from_status": before, "to_status": after}
    shared |= {"data": data or {}, "created_at": at}
    rows: list[dict[str, Any]]
    rows = [{"order_id": order_id, "actor": actor} for order_id, actor in actors.items()]
    if len(different := set(versions.values())) == 1:  # as for all new orders
        shared |= {"version": different.pop()}
    else:
        for row in rows:
            row["version"] = versions[row["order_id"]]
    insert_rows(OrderEvent, EVENT, rows, shared=shared)


def stock_moves(
    order_id: int, taken: Mapping[int, int], *, revision: int, actor: str
) -> list[StockMove]:
    """The movements of an order at one of its versions.

    taken: quantities by product id, negative for those that are put back.
    """
    return [
        StockMove(
            product_id=product_id,
            delta=-quantity,
            committed_delta=quantity,
            reason="sold" if quantity > 0 else "released",
            reference=f"order:{order_id}",
            revision=revision,
            actor=actor,
        )
        for product_id, quantity in sorted(taken.items())
        if quantity
    ]


def shipped_moves(
    order_id: int, shipped: Mapping[int, int], *, revision: int, actor: str
) -> list[StockMove]:
    """The movements of units that leave the shelf. shipped: quantities by product id."""
    return [
        StockMove(
            product_id=product_id,
            delta=0,
            committed_delta=-quantity,
            reason="shipped",
            reference=f"order:{order_id}",
            revision=revision,
            actor=actor,
        )
        for product_id, quantity in sorted(shipped.items())
    ]


def _line_rows(
    order_id: int, lines: Iterable[PricedLine], line_ids: Iterator[int]
) -> list[dict[str, Any]]:
    return [
        {
            "id": next(line_ids),
            "order_id": order_id,
            "product_id": line.product.id,
            "sku": line.product.sku,
            "product_name": line.product.name,
            "unit_price": line.unit_price,
            "quantity": line.quantity,
            **_NO_PARTS,
            "tax_rate": line.tax_rate,
            "tax_amount": line.tax_amount,
        }
        for line in lines
    ]


def _charge_rows(order_id: int, charges: Iterable[Charge]) -> list[dict[str, Any]]:
    return [structs.asdict(charge) | {"order_id": order_id} for charge in charges]


@cache
def _known_statement() -> str:
    return f"""
        SELECT o.client_id, o.idempotency_key, o.id, o.fingerprint, o.first_answer
        FROM {rows_from(_KEY)}
        JOIN orders_order AS o ON o.client_id = r.client_id AND o.idempotency_key = r.key
    """  # noqa: S608 - made of constants

"""The statements of a batch of shipments, whose number does not depend on the size of the batch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from msgspec import Struct, structs

from apps.orders.fulfilment.deciding import Key, KnownShipment, Leaving, LockedLine, LockedOrder
from apps.orders.fulfilment.goods import told_units
from apps.orders.models import Order, OrderEvent, OrderLine, Shipment, ShipmentLine, Tracking
from apps.orders.placing.statements import EVENT
from monoservices.database.engines import engine
from monoservices.database.rows import (
    ColumnTypes,
    column_types,
    insert_rows,
    row_parameters,
    rows_from,
    update_rows,
)
from monoservices.database.statements import PendingRows, enqueue

_ID: ColumnTypes = {"id": "bigint"}
_KEY: ColumnTypes = {"order_id": "bigint", "actor": "text", "key": "text"}
_ORDER: ColumnTypes = {
    "id": "bigint",
    "status": "text",
    "version": "integer",
    "partly_shipped": "boolean",
    "updated_at": "timestamp",
}
_LINE: ColumnTypes = {"id": "bigint", "shipped_quantity": "integer"}
_SHIPMENT = column_types(Shipment)
_SHIPPED = column_types(ShipmentLine, without={"id"})
_TRACKING = column_types(Tracking)


class Asked(Struct, frozen=True):
    """What `enqueue_orders` has asked for."""

    orders: PendingRows
    lines: PendingRows
    known: PendingRows
    ids: PendingRows


def enqueue_orders(order_ids: Collection[int], keys: Collection[Key], count: int) -> Asked:
    """Lock orders in id order, and ask for their lines, shipments with these keys, and new ids.

    The lines and shipments are read after the lock, as they are by then.
    count: of the shipments to write at most.
    """
    ids = row_parameters(_ID, [{"id": order_id} for order_id in sorted(order_ids)])
    rows = [{"order_id": order_id, "actor": actor, "key": key} for order_id, actor, key in keys]
    return Asked(
        enqueue(_lock_statement(), ids),
        enqueue(_lines_statement(), ids, columns=9),
        enqueue(_known_statement(), row_parameters(_KEY, rows), columns=4),
        engine().reserve_ids(Shipment, count),
    )


def locked_orders(asked: Asked) -> dict[int, LockedOrder]:
    """The orders that exist, by id."""
    orders = {
        order_id: LockedOrder(order_id, client_id, status, version, bool(is_held))
        for order_id, client_id, status, version, is_held in asked.orders.fetch()
    }
    for order_id, *columns in sorted(asked.lines.fetch()):
        orders[order_id].lines.append(LockedLine(*columns))
    return orders


def known_shipments(asked: Asked) -> dict[Key, KnownShipment]:
    """The shipments that were written with the keys."""
    known = {}
    for order_id, actor, key, shipment in asked.known.fetch():
        if shipment is not None:
            shipment_id, fingerprint = shipment.split(" ")
            known[order_id, actor, key] = KnownShipment(fingerprint, int(shipment_id))
    return known


def write_shipments(leaving: Mapping[int, Leaving], *, at: datetime) -> None:
    """Insert shipments under the given ids, with their lines, tracking and events."""
    shipments, lines, tracking, events = [], [], [], []
    for shipment_id, each in leaving.items():
        request = each.request
        shipments.append(
            {
                "id": shipment_id,
                "order_id": each.order.id,
                "client_id": each.order.client_id,
                "version": each.version,
                "idempotency_key": request.idempotency_key,
                "fingerprint": request.fingerprint,
                "actor": request.actor,
            }
        )
        lines += [
            {"shipment_id": shipment_id, "line_id": line_id, "quantity": quantity}
            for line_id, quantity in each.units.items()
        ]
        if any(structs.astuple(request.followed)):
            tracking.append({"shipment_id": shipment_id} | structs.asdict(request.followed))
        events.append(_event(shipment_id, each))
    insert_rows(Shipment, _SHIPMENT, shipments, shared={"created_at": at})
    insert_rows(ShipmentLine, _SHIPPED, lines)
    if tracking:
        insert_rows(Tracking, _TRACKING, tracking)
    insert_rows(OrderEvent, EVENT, events, shared={"type": "shipped", "created_at": at})


def update_orders(orders: Iterable[LockedOrder], *, at: datetime) -> None:
    """Write what shipments have changed of their orders and of their lines: two statements."""
    orders = list(orders)
    changed: Sequence[dict[str, Any]] = [
        {
            "id": order.id,
            "status": order.status,
            "version": order.version,
            "partly_shipped": order.status == "pending",
        }
        for order in orders
    ]
    update_rows(Order, _ORDER, changed, shared={"updated_at": at})
    lines = [
        {"id": line.id, "shipped_quantity": line.shipped_quantity}
        for order in orders
        for line in order.lines
        if line.shipped_quantity
    ]
    update_rows(OrderLine, _LINE, lines)


def _event(shipment_id: int, leaving: Leaving) -> dict[str, Any]:
    return {
        "order_id": leaving.order.id,
        "from_status": leaving.was,
        "to_status": leaving.status,
        "version": leaving.version,
        "actor": leaving.request.actor,
        "data": {"shipment_id": shipment_id, "lines": told_units(leaving.units)},
    }


@cache
def _lock_statement() -> str:
    return f"""
        SELECT o.id, o.client_id, o.status, o.version,
            (o.status = 'pending' AND o.held_until IS NOT NULL)
        FROM orders_order AS o WHERE o.id IN (SELECT r.id FROM {rows_from(_ID)})
        ORDER BY o.id {engine().for_update("o")}
    """  # noqa: S608 - made of constants


@cache
def _lines_statement() -> str:
    return f"""
        SELECT l.order_id, l.id, l.product_id, l.sku, l.product_name, l.quantity,
            l.shipped_quantity, l.canceled_quantity, l.returned_quantity
        FROM {rows_from(_ID)} JOIN orders_orderline AS l ON l.order_id = r.id
    """  # noqa: S608 - made of constants


@cache
def _known_statement() -> str:
    # Not a join: from when the table was empty, PostgreSQL would keep a plan that reads all of it.
    shipment = """
        SELECT s.id || ' ' || s.fingerprint FROM orders_shipment AS s
        WHERE s.order_id = r.order_id AND s.actor = r.actor AND s.idempotency_key = r.key
    """
    return f"SELECT r.order_id, r.actor, r.key, ({shipment}) FROM {rows_from(_KEY)}"  # noqa: S608

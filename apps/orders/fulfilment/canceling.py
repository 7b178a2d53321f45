"""Canceling an order, or units of it that are open. The stock goes back, once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.orders.exceptions import IdempotencyKeyReused, IllegalTransition, InvalidOrder
from apps.orders.fulfilment.delivering import is_delivered
from apps.orders.fulfilment.goods import (
    LineUnits,
    all_open,
    by_product,
    choose,
    open_units,
    status_of,
    told_units,
)
from apps.orders.fulfilment.requests import fingerprint_of
from apps.orders.locking import lock_order, refuse_other_version, write_change
from apps.orders.microservice_communication import read_products, take_stock
from apps.orders.models import Order, OrderLine
from apps.orders.placing.rules import NOTHING
from apps.orders.placing.statements import stock_moves
from monoservices.database.engines import engine
from monoservices.database.rows import ColumnTypes, update_rows

_CANCELED: ColumnTypes = {"id": "bigint", "canceled_quantity": "integer"}


@transaction.atomic
def cancel_order(
    *,
    order_id: int,
    actor: str,
    lines: Sequence[LineUnits] | None = None,
    idempotency_key: str | None = None,
    version: int | None = None,
    at: datetime | None = None,
) -> Order:
    """Cancel units of an order that are open, put their stock back, and return the order.

    If nothing was shipped and nothing stays open, the whole order is canceled. Otherwise its total
    goes down by the price of the units.
    lines: which units; everything that is open where it is None. If that was canceled already, the
        order stays unchanged.
    idempotency_key: the same key of the same actor cancels nothing again.
    version: the version that the caller has seen; an order at another version stays as it is.
    at: the moment it happened; now where it is None.
    Raises OrderNotFound, VersionConflict, UnknownLine, QuantityExceeded, IdempotencyKeyReused,
    IllegalTransition where nothing is open, and InvalidOrder where the charges would make the total
    less than nothing, or less than what was credited.
    """
    order = lock_order(order_id)
    if _was_done(order, actor, idempotency_key, lines):
        return order
    refuse_other_version(order, version)
    if order.status != Order.Status.PENDING:
        raise IllegalTransition(f"An order that is {order.status} cannot become canceled.")
    units = all_open(order.lines.all()) if lines is None else _chosen(order, lines)
    moved = by_product(order.lines.all(), units)
    was = order.status
    order.version += 1
    changed, data = _cancel(order, units)
    read_products(ids=moved, lock="wait")  # the clock is read after all locks
    at = at or engine().now()
    write_change(order, "canceled", actor=actor, at=at, was=was, changed=changed, data=data)
    if idempotency_key is not None:
        order.cancellations.create(
            version=order.version,
            idempotency_key=idempotency_key,
            fingerprint=fingerprint_of(lines),
            actor=actor,
        )
    released = {product_id: -quantity for product_id, quantity in moved.items()}
    take_stock(moves=stock_moves(order.pk, released, revision=order.version, actor=actor), at=at)
    return order


def _was_done(order: Order, actor: str, key: str | None, lines: Sequence[LineUnits] | None) -> bool:
    """Whether this request has canceled before. Raises IdempotencyKeyReused."""
    if key is not None:
        before = order.cancellations.filter(actor=actor, idempotency_key=key).first()
        if before is not None:
            if before.fingerprint != fingerprint_of(lines):
                raise IdempotencyKeyReused
            return True
    return lines is None and _was_canceled(order)


def _was_canceled(order: Order) -> bool:
    """Whether the newest event of an order canceled everything that was open."""
    if order.status in (Order.Status.PENDING, Order.Status.CANCELED):
        return order.status == Order.Status.CANCELED
    return order.events.filter(version=order.version, type="canceled").exists()


def _chosen(order: Order, asked: Sequence[LineUnits]) -> dict[int, int]:
    return choose(list(order.lines.all()), asked, there=open_units, what="open")


def _cancel(order: Order, units: Mapping[int, int]) -> tuple[list[str], dict[str, Any]]:
    """Change order and lines; return the fields that changed, and what the history says."""
    lines = order.lines.all()
    if units == all_open(lines) and not any(line.shipped_quantity for line in lines):
        order.status = Order.Status.CANCELED
        order.canceled_because = Order.CanceledBecause.REQUESTED
        return ["canceled_because"], {}
    for line in lines:
        line.canceled_quantity += units.get(line.pk, 0)
    before = order.total
    order.total -= sum((line.unit_price * units.get(line.pk, 0) for line in lines), start=NOTHING)
    _refuse_total(order)
    order.status = status_of(lines, is_delivered=lambda: is_delivered(order))
    order.partly_shipped = order.partly_shipped and order.status == Order.Status.PENDING
    update_rows(
        OrderLine,
        _CANCELED,
        [
            {"id": line.pk, "canceled_quantity": line.canceled_quantity}
            for line in lines
            if line.pk in units
        ],
    )
    told: dict[str, Any] = {"lines": told_units(units)}
    told |= {"total_before": str(before), "total_after": str(order.total)}
    return ["total", "partly_shipped"], told


def _refuse_total(order: Order) -> None:
    if order.total < order.credited:
        message = (
            f"Without these units, the order costs {order.total}, which is less than "
            f"{order.credited}, which was credited. Change its charges first."
            if order.credited
            else f"Without these units, the order costs {order.total}. Change its charges first."
        )
        raise InvalidOrder(errors={"charges": [message]})

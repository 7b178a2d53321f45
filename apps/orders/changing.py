"""Changing a pending order: its products, quantities and prices, and what else it says."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from msgspec import structs

from apps.orders.exceptions import (
    IllegalTransition,
    PriceChanged,
    ProductUnavailable,
    SeveralLines,
)
from apps.orders.fulfilment import (
    lock_order,
    move_order,
    move_stock_of,
    refuse_other_version,
    units_by_product,
)
from apps.orders.microservice_communication import read_products
from apps.orders.models import Order, OrderLine
from apps.orders.placing.pricing import PricedLine, ProductBook, price_lines, total_of, units
from apps.orders.placing.requests import LineRequest, OrderChange
from apps.orders.placing.statements import write_events, write_lines
from monoservices.services.scopes import COMMAND_LINE


@transaction.atomic
def change_order(
    *, order_id: int, change: OrderChange, actor: str, version: int | None = None
) -> Order:
    """Change a pending order and return it. Stock moves by the difference.

    Lines whose product stays keep the price that they were ordered at. version: the version that
    the caller has seen; another one is refused.
    Raises OrderNotFound, VersionConflict, IllegalTransition, SeveralLines, and what placing raises.
    """
    order = lock_order(order_id)
    refuse_other_version(order, version)
    if order.status != Order.Status.PENDING:
        raise IllegalTransition(f"An order that is {order.status} cannot be changed.")
    if change == OrderChange():
        return order
    now = timezone.now()
    order.version, order.updated_at = order.version + 1, now
    data: dict[str, Any] = {"fields": sorted(change.details)}
    for name, value in change.details.items():
        setattr(order, name, value)
    requested = _requested_lines(order, change)
    if requested is None:
        _refuse_other_total(order, change)
    else:
        data |= _change_lines(order, requested, change, actor)
    order.save()
    statuses = (order.status, order.status)
    write_events({order.pk: actor}, "changed", statuses=statuses, at=now, data=data)
    return Order.objects.with_lines().get(pk=order.pk)


@transaction.atomic
def update_order(
    *,
    order_id: int,
    quantity: int | None = None,
    status: str | None = None,
    product_id: int | None = None,
    actor: str = COMMAND_LINE,
) -> Order:
    """Change product or quantity of an order's one line, then its status; None leaves as it is.

    Raises what `change_order` and `move_order` raise.
    """
    if quantity is not None or product_id is not None:
        change = OrderChange(product_id=product_id, quantity=quantity)
        change_order(order_id=order_id, change=change, actor=actor)
    if status is None:
        return lock_order(order_id)
    return move_order(order_id=order_id, status=status, actor=actor)


def _requested_lines(order: Order, change: OrderChange) -> tuple[LineRequest, ...] | None:
    """The lines that the order is to have, or None where they stay as they are."""
    if change.lines is not None:
        return change.lines
    if change.product_id is None and change.quantity is None:
        return None
    lines = order.lines.all()
    if len(lines) != 1:
        raise SeveralLines
    return (
        LineRequest(
            path="",
            product_id=lines[0].product_id if change.product_id is None else change.product_id,
            quantity=lines[0].quantity if change.quantity is None else change.quantity,
        ),
    )


def _refuse_other_total(order: Order, change: OrderChange) -> None:
    if change.expected_total not in (None, order.total):
        raise PriceChanged(errors={"expected_total": [f"The order costs {order.total}."]})


def _change_lines(
    order: Order, requested: tuple[LineRequest, ...], change: OrderChange, actor: str
) -> dict[str, Any]:
    """Replace the order's lines, move stock by the difference and say what changed."""
    before = list(order.lines.all())
    told = [_told(line.product_id, line) for line in before]
    had = units_by_product(before)
    book = ProductBook(
        read_products(
            ids={line.product_id for line in requested if line.product_id} | had.keys(),
            skus={line.sku for line in requested if line.sku is not None},
            lock="wait",
        )
    )
    lines = price_lines(_at_kept_prices(requested, before, book), book, archived=had)
    wanted = units(lines)
    _refuse_more_of_archived(lines, wanted, had)
    order.total = total_of(lines)
    _refuse_other_total(order, change)
    _replace_lines(order, before, lines)
    deltas = {key: had[key] - wanted.get(key, 0) for key in had.keys() | wanted.keys()}
    paths = {line.product.id: line.request.field("quantity") for line in lines}
    move_stock_of(order, book, deltas, actor=actor, paths=paths)
    return {
        "lines_before": told,
        "lines_after": [_told(line.product.id, line) for line in lines],
    }


def _at_kept_prices(
    requested: Iterable[LineRequest], before: Iterable[OrderLine], book: ProductBook
) -> list[LineRequest]:
    """The lines, with the price that a product has in the order where it has one there."""
    kept: dict[int, Decimal] = {}
    for line in before:
        kept.setdefault(line.product_id, line.unit_price)
    return [
        structs.replace(request, unit_price=kept[product.id])
        if request.unit_price is None and (product := book.find(request)) and product.id in kept
        else request
        for request in requested
    ]


def _refuse_more_of_archived(
    lines: Iterable[PricedLine], wanted: Mapping[int, int], had: Mapping[int, int]
) -> None:
    if errors := {
        line.request.product_field: [f"{line.product.sku} is not sold any more."]
        for line in lines
        if not line.product.is_active and wanted[line.product.id] > had[line.product.id]
    }:
        raise ProductUnavailable(errors=errors)


def _replace_lines(order: Order, before: Iterable[OrderLine], lines: Iterable[PricedLine]) -> None:
    """Keep the rows of lines that stay, with the name and SKU that they were ordered under."""
    rows = {(row.product_id, row.unit_price): row for row in before}
    new = []
    for line in lines:
        row = rows.pop((line.product.id, line.unit_price), None)
        if row is None:
            new.append(line)
        elif row.quantity != line.quantity:
            row.quantity = line.quantity
            row.save(update_fields=["quantity"])
    for row in rows.values():
        row.delete()
    if new:
        write_lines({order.pk: new})


def _told(product_id: int, line: OrderLine | PricedLine) -> dict[str, Any]:
    return {
        "product_id": product_id,
        "unit_price": str(line.unit_price),
        "quantity": line.quantity,
    }

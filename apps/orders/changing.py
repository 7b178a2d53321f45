"""Changing a pending order: its products, quantities and prices, and its details."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from msgspec import structs

from apps.orders.charges import replace_charges, set_charges_total
from apps.orders.exceptions import (
    IllegalTransition,
    InvalidOrder,
    PriceNotAllowed,
    ProductUnavailable,
    SeveralLines,
)
from apps.orders.microservice_communication import read_products, take_stock
from apps.orders.models import Order, OrderLine
from apps.orders.placing.pricing import (
    PricedLine,
    ProductBook,
    price_lines,
    quantity_by_product,
    total_of,
    total_with,
)
from apps.orders.placing.requests import LineRequest, OrderChange
from apps.orders.placing.rules import MAX_HOLD_SECONDS
from apps.orders.placing.statements import stock_moves, write_events, write_lines
from apps.orders.transitions import lock_order, move_order, refuse_other_version
from monoservices.database.engines import engine
from monoservices.database.rows import ColumnTypes, update_rows
from monoservices.services.scopes import COMMAND_LINE

_CHANGED: ColumnTypes = {
    "id": "bigint",
    "quantity": "integer",
    "tax_rate": "numeric",
    "tax_amount": "numeric",
}
_TAXES = ("tax_rate", "tax_amount")


@transaction.atomic
def change_order(
    *,
    order_id: int,
    change: OrderChange,
    actor: str,
    version: int | None = None,
    may_set_prices: bool = True,
    at: datetime | None = None,
) -> Order:
    """Change a pending order and return it. Stock moves by the difference.

    A product that stays keeps the price that it was ordered at. The number of statements does not
    depend on the number of lines.
    version: the version that the caller has seen; an order at another version is not changed.
    may_set_prices: whether the caller may have more units at a price other than the product's, and
        lower the sum of the charges.
    at: the moment it happened, which a hold is counted from; now where it is None.
    Raises OrderNotFound, VersionConflict, IllegalTransition, SeveralLines, and what placing raises.
    """
    order = lock_order(order_id)
    refuse_other_version(order, version)
    if order.status != Order.Status.PENDING:
        raise IllegalTransition(f"An order that is {order.status} cannot be changed.")
    if change == OrderChange():
        return order
    if change.hold_seconds is not None and not order.is_held:
        raise IllegalTransition("The order is firm; only the hold of a held order can change.")
    order.version += 1
    changed = {*change.details} | ({"hold_seconds"} if change.hold_seconds is not None else set())
    data: dict[str, Any] = {"fields": sorted(changed)}
    for name, value in change.details.items():
        setattr(order, name, value)
    requested = _requested_lines(order, change)
    of_lines = order.total - (order.charges_total or 0)
    if change.charges is not None:
        set_charges_total(order, change.charges, may_set_prices=may_set_prices)
    if requested is None:
        order.total = total_with(
            of_lines, charged=order.charges_total, expected=change.expected_total
        )
    else:
        data |= _change_lines(order, requested, change.expected_total, actor, may_set_prices)
    if change.charges is not None:
        data |= replace_charges(order, change.charges)
    order.updated_at = at or engine().now()  # after the locks of products
    if change.hold_seconds is not None:
        order.held_until = _held_until(order, change.hold_seconds)
        data |= {"held_until": order.held_until.isoformat()}
    order.save()
    versions = {order.pk: order.version}
    write_events({order.pk: actor}, "changed", versions=versions, at=order.updated_at, data=data)
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
    """Change product or quantity of an order's one line, then its status; None leaves it unchanged.

    Raises what `change_order` and `move_order` raise.
    """
    if quantity is not None or product_id is not None:
        change = OrderChange(product_id=product_id, quantity=quantity)
        change_order(order_id=order_id, change=change, actor=actor)
    if status is None:
        return lock_order(order_id)
    return move_order(order_id=order_id, status=status, actor=actor)


def _requested_lines(order: Order, change: OrderChange) -> tuple[LineRequest, ...] | None:
    """The lines that the order is to have, or None where they do not change."""
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


def _held_until(order: Order, seconds: int) -> datetime:
    """When a hold of `seconds` from now on ends. Raises InvalidOrder."""
    held_until = order.updated_at + timedelta(seconds=seconds)
    latest = order.created_at + timedelta(seconds=MAX_HOLD_SECONDS)
    if held_until > latest:
        message = f"The order can be held until {latest.isoformat(timespec='seconds')}."
        raise InvalidOrder(errors={"hold_seconds": [message]})
    return held_until


def _change_lines(
    order: Order,
    requested: tuple[LineRequest, ...],
    expected_total: Decimal | None,
    actor: str,
    may_set_prices: bool,
) -> dict[str, Any]:
    """Replace the order's lines, move stock by the difference and return what the event keeps."""
    before = list(order.lines.all())
    lines_before = _for_event(before)
    had = quantity_by_product(before)
    book = ProductBook(
        read_products(
            ids={line.product_id for line in requested if line.product_id} | had.keys(),
            skus={line.sku for line in requested if line.sku is not None},
            lock="wait",
        )
    )
    lines = price_lines(_at_kept_prices(requested, before, book), book, archived=had)
    wanted = quantity_by_product(lines)
    _refuse_more_of_archived(lines, wanted, had)
    if not may_set_prices:
        _refuse_more_at_other_prices(lines, before)
    order.total = total_of(lines, charged=order.charges_total, expected=expected_total)
    taken = {key: wanted.get(key, 0) - had.get(key, 0) for key in had.keys() | wanted.keys()}
    book.take(taken, lines)
    _replace_lines(order, before, lines)
    if moves := stock_moves(order.pk, taken, revision=order.version, actor=actor):
        take_stock(moves=moves)
    return {"lines_before": lines_before, "lines_after": _for_event(lines)}


def _at_kept_prices(
    requested: Iterable[LineRequest], before: Iterable[OrderLine], book: ProductBook
) -> list[LineRequest]:
    """The lines; a product that the order has already keeps its price."""
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
        line.request.product_field: [f"{line.product.sku} is no longer sold."]
        for line in lines
        if not line.product.is_active and wanted[line.product_id] > had[line.product_id]
    }:
        raise ProductUnavailable(errors=errors)


def _refuse_more_at_other_prices(lines: Iterable[PricedLine], before: Iterable[OrderLine]) -> None:
    """Raise PriceNotAllowed where units are added at a price that is not the product's now.

    An order does not remember whether a price was given or was the product's. So every unit that
    is added counts, whatever way the change describes it.
    """
    had = {(row.product_id, row.unit_price): row.quantity for row in before}
    errors: dict[str, list[str]] = {}
    for line in lines:
        at_price = had.get((line.product_id, line.unit_price), 0)
        if line.unit_price != line.product.price and line.quantity > at_price:
            text = f"The product costs {line.product.price}. More of it at {line.unit_price} needs"
            errors[line.request.field("quantity")] = [f"{text} the scope orders:price."]
    if errors:
        raise PriceNotAllowed(errors=errors)


def _replace_lines(order: Order, before: Iterable[OrderLine], lines: Iterable[PricedLine]) -> None:
    """Write the new lines: at most three statements.

    A line that stays keeps the name and SKU it was ordered under, and the tax rate unless the
    change sends one. It keeps its amount of tax as long as its quantity stays.
    """
    rows = {(row.product_id, row.unit_price): row for row in before}
    new, changed = [], []
    for line in lines:
        row = rows.pop((line.product_id, line.unit_price), None)
        if row is None:
            new.append(line)
            continue
        _keep_tax(line, row)
        values = {"id": row.pk} | {name: getattr(line, name) for name in ("quantity", *_TAXES)}
        if any(getattr(row, name) != value for name, value in values.items()):
            changed.append(values)
    if rows:
        order.lines.filter(pk__in=[row.pk for row in rows.values()]).delete()
    if changed:
        update_rows(OrderLine, _CHANGED, changed)
    if new:
        write_lines(order.pk, new)


def _keep_tax(line: PricedLine, row: OrderLine) -> None:
    """Take from a line that stays what the change does not say of its tax."""
    if line.tax_rate is None:
        line.tax_rate = row.tax_rate
    if line.tax_amount is None and line.quantity == row.quantity:
        line.tax_amount = row.tax_amount


def _for_event(lines: Iterable[OrderLine | PricedLine]) -> list[dict[str, Any]]:
    return [
        {
            "product_id": line.product_id,
            "unit_price": str(line.unit_price),
            "quantity": line.quantity,
            **{name: str(tax) for name in _TAXES if (tax := getattr(line, name)) is not None},
        }
        for line in lines
    ]

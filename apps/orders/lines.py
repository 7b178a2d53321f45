"""The lines of an order, and how a change replaces them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from msgspec import structs

from apps.orders.exceptions import PriceNotAllowed, ProductUnavailable, QuantityExceeded
from apps.orders.fulfilment.goods import open_units
from apps.orders.microservice_communication import read_products, take_stock
from apps.orders.models import Order, OrderLine
from apps.orders.placing.pricing import (
    PricedLine,
    ProductBook,
    price_lines,
    quantity_by_product,
    total_of,
)
from apps.orders.placing.requests import LineRequest
from apps.orders.placing.rules import NOTHING
from apps.orders.placing.statements import stock_moves, write_lines
from monoservices.database.rows import ColumnTypes, update_rows

_CHANGED: ColumnTypes = {
    "id": "bigint",
    "quantity": "integer",
    "tax_rate": "numeric",
    "tax_amount": "numeric",
}
_TAXES = ("tax_rate", "tax_amount")


def change_lines(
    order: Order,
    requested: tuple[LineRequest, ...],
    expected_total: Decimal | None,
    actor: str,
    may_set_prices: bool,
) -> dict[str, Any]:
    """Replace the lines of a locked order, move stock by the difference, and set its total.

    A line keeps at least the units that are shipped or canceled.
    Returns what the order's history keeps. `order.lines` are those from before.
    Raises what placing raises.
    """
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
    _refuse_fewer_than_gone(lines, before)
    _refuse_more_of_archived(lines, wanted, had)
    if not may_set_prices:
        _refuse_more_at_other_prices(lines, before)
    order.total = total_of(
        lines,
        charged=order.charges_total,
        expected=expected_total,
        canceled=sum((row.unit_price * row.canceled_quantity for row in before), start=NOTHING),
        credited=order.credited,
    )
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


def _refuse_fewer_than_gone(lines: Iterable[PricedLine], before: Iterable[OrderLine]) -> None:
    """Raise QuantityExceeded where a line would have less than was shipped and canceled of it."""
    wanted = {(line.product_id, line.unit_price): line for line in lines}
    errors: dict[str, list[str]] = {}
    for row in before:
        line = wanted.get((row.product_id, row.unit_price))
        gone = row.quantity - open_units(row)
        if gone > (line.quantity if line else 0):
            text = f"Of {row.sku}, {gone} are shipped or canceled; send at least that many."
            errors[line.request.field("quantity") if line else "lines"] = [text]
    if errors:
        raise QuantityExceeded(errors=errors)


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

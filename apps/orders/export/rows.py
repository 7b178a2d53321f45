"""Orders as rows of a file. Only reads."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct, defstruct, structs

from apps.orders.answers import ORDER_COLUMNS, ChargeOut, LineOut, OrderOut, order_out
from apps.orders.models import OrderCharge, OrderLine, OrderQuerySet
from monoservices.database.json_rows import load_rows
from monoservices.files.exporting import Format, Pieces, csv_lines, export_pieces, json_lines

_LINES, _CHARGES = "lines_as_json", "charges_as_json"
_LINE = ("line_id", *LineOut.__struct_fields__[1:])
"""The columns of a line in a row of CSV. `order_id` is the one of an order's id."""
_CHARGE = {
    name: name if name in _LINE else f"charge_{name}" for name in ChargeOut.__struct_fields__
}
"""The columns of a charge in a row of CSV, by its fields. Lines have a tax too."""
_COLUMNS = {
    model: [field.attname for field in model._meta.concrete_fields]
    for model in (OrderLine, OrderCharge)
}
_ORDER = [name for name in OrderOut.__struct_fields__ if name not in {"lines", "charges", *_LINE}]
ROW: Any = defstruct(
    "Row",
    [
        *("order_id", *_ORDER[1:]),
        *((name, Any, None) for name in dict.fromkeys([*_LINE, *_CHARGE.values()])),
    ],
)
"""A line or a charge of an order as a row of CSV, with the order that it belongs to."""


def export_orders(orders: OrderQuerySet, *, file_format: Format) -> Pieces:
    """The orders by id, oldest first. One statement.

    In JSON Lines, each order is a line, as in the API's responses. In CSV, each line of an order
    is a row, and after them each charge.
    """
    # An instance of a model costs as much as everything else that is done for an order here.
    rows = orders.order_by("pk").with_lines().values(*ORDER_COLUMNS, _LINES, _CHARGES)
    return export_pieces(rows, partial(_lines, file_format))


def _lines(file_format: Format, rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    exported = map(_order, rows)
    if file_format is Format.CSV:
        return csv_lines(ROW, _rows(exported))
    return json_lines(exported)


def _order(row: dict[str, Any]) -> OrderOut:
    lines, charges = row.pop(_LINES), row.pop(_CHARGES)
    return order_out(
        row, _values(OrderLine, lines), () if charges is None else _values(OrderCharge, charges)
    )


def _values(model: type[OrderLine | OrderCharge], rows: str) -> Iterator[dict[str, Any]]:
    """By name, the columns of rows that `with_lines` has read."""
    return (dict(zip(_COLUMNS[model], values, strict=True)) for values in load_rows(model, rows))


def _rows(orders: Iterable[OrderOut]) -> Iterator[Struct]:
    for order in orders:
        columns = [getattr(order, name) for name in _ORDER]
        for line in order.lines:
            yield ROW(*columns, *structs.astuple(line))
        for charge in order.charges:
            own = {column: getattr(charge, name) for name, column in _CHARGE.items()}
            yield ROW(*columns, **own)

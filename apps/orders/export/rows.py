"""Orders as rows of a file. Only reads."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct, defstruct, structs

from apps.orders.models import OrderLine, OrderQuerySet
from apps.orders.structs import ORDER_COLUMNS, LineOut, OrderOut, order_out
from monoservices.database.json_rows import load_rows
from monoservices.files.exporting import Format, Pieces, csv_lines, export_pieces, json_lines

_LINES = "lines_as_json"
_LINE = LineOut.__struct_fields__
_ORDER = [name for name in OrderOut.__struct_fields__ if name not in {"lines", *_LINE}]
_LINE_COLUMNS = [field.attname for field in OrderLine._meta.concrete_fields]
LINE_ROW: Any = defstruct("LineRow", ["order_id", *_ORDER[1:], *_LINE])
"""A line of an order as a row of CSV, with the order that it belongs to."""


def export_orders(orders: OrderQuerySet, *, file_format: Format) -> Pieces:
    """The orders by id, oldest first. One statement.

    In JSON Lines, each order is a line, as in the API's responses. In CSV, each line of an order
    is a row.
    """
    # An instance of a model costs as much as everything else that is done for an order here.
    rows = orders.order_by("pk").with_lines().values(*ORDER_COLUMNS, _LINES)
    return export_pieces(rows, partial(_lines, file_format))


def _lines(file_format: Format, rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    exported = map(_order, rows)
    if file_format is Format.CSV:
        return csv_lines(LINE_ROW, _line_rows(exported))
    return json_lines(exported)


def _order(row: dict[str, Any]) -> OrderOut:
    lines = load_rows(OrderLine, row.pop(_LINES))
    return order_out(row, (dict(zip(_LINE_COLUMNS, values, strict=True)) for values in lines))


def _line_rows(orders: Iterable[OrderOut]) -> Iterator[Struct]:
    for order in orders:
        columns = [getattr(order, name) for name in _ORDER]
        for line in order.lines:
            yield LINE_ROW(*columns, *structs.astuple(line))

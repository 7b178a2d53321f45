"""Orders as rows of a file. Only reads."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct, defstruct, structs

from apps.orders.models import Order, OrderQuerySet
from apps.orders.serializers import OrderSerializer
from apps.orders.structs import LineOut, OrderOut
from monoservices.files.exporting import Format, Pieces, csv_lines, export_pieces, json_lines

_LINE = LineOut.__struct_fields__
_ORDER = [name for name in OrderOut.__struct_fields__ if name not in {"lines", *_LINE}]
LINE_ROW: Any = defstruct("LineRow", ["order_id", *_ORDER[1:], *_LINE])
"""A line of an order as a row of CSV, with the order that it belongs to."""


def export_orders(orders: OrderQuerySet, *, file_format: Format) -> Pieces:
    """The orders by id, oldest first. One statement.

    In JSON Lines, each order is a line, as in the API's responses. In CSV, each line of an order
    is a row.
    """
    return export_pieces(orders.order_by("pk").with_lines(), partial(_lines, file_format))


def _lines(file_format: Format, orders: Iterable[Order]) -> Iterator[bytes]:
    exported = map(OrderSerializer.represent, orders)
    if file_format is Format.CSV:
        return csv_lines(LINE_ROW, _line_rows(exported))
    return json_lines(exported)


def _line_rows(orders: Iterable[OrderOut]) -> Iterator[Struct]:
    for order in orders:
        columns = [getattr(order, name) for name in _ORDER]
        for line in order.lines:
            yield LINE_ROW(*columns, *structs.astuple(line))

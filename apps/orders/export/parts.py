"""Shipments and returns as rows of a file: each line of one is a row. Only reads."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from msgspec import Struct

from apps.orders.fulfilment.models import ReturnQuerySet, ShipmentQuerySet
from apps.orders.models import ReturnLine, ShipmentLine
from monoservices.files.exporting import Format, Pieces, csv_lines, export_pieces, json_lines


class ShippedRow(Struct):
    """Units of a line in a shipment. amount: their price, in the order's currency."""

    shipment_id: int
    order_id: int
    reference: str
    created_at: datetime
    delivered_at: datetime | None
    line_id: int
    product_id: int
    sku: str
    product_name: str
    quantity: int
    unit_price: Decimal
    amount: Decimal
    currency: str
    carrier: str
    tracking_number: str


class ReturnedRow(Struct):
    """Units of a line in a return, or what it credits of charges: then there is no line.

    amount: what is credited, in the order's currency.
    """

    return_id: int
    order_id: int
    reference: str
    created_at: datetime
    line_id: int | None
    product_id: int | None
    sku: str | None
    product_name: str | None
    quantity: int
    restock: bool
    reason: str
    amount: Decimal
    currency: str


_LINE = ("line_id", "line__product_id", "line__sku", "line__product_name", "quantity")
_SHIPPED = (
    *("shipment_id", "shipment__order_id", "shipment__order__reference", "shipment__created_at"),
    *("shipment__delivery__created_at", *_LINE, "line__unit_price", "shipment__order__currency"),
    *("shipment__tracking__carrier", "shipment__tracking__tracking_number"),
)
_RETURNED = (
    *("order_return_id", "order_return__order_id", "order_return__order__reference"),
    *("order_return__created_at", *_LINE, "is_restocked", "reason__text", "credit"),
    "order_return__order__currency",
)


def export_shipments(shipments: ShipmentQuerySet, *, file_format: Format) -> Pieces:
    """The lines of shipments, oldest first. One statement."""
    lines = ShipmentLine.objects.filter(shipment__in=shipments).order_by("pk")
    return export_pieces(
        lines.values_list(*_SHIPPED), partial(_lines, ShippedRow, _shipped, file_format)
    )


def export_returns(returns: ReturnQuerySet, *, file_format: Format) -> Pieces:
    """The lines of returns, oldest first. One statement."""
    lines = ReturnLine.objects.filter(order_return__in=returns).order_by("pk")
    return export_pieces(
        lines.values_list(*_RETURNED), partial(_lines, ReturnedRow, _returned, file_format)
    )


def _lines(
    struct: Any, represent: Any, file_format: Format, rows: Iterable[Any]
) -> Iterator[bytes]:
    exported = map(represent, rows)
    return csv_lines(struct, exported) if file_format is Format.CSV else json_lines(exported)


def _shipped(row: tuple[Any, ...]) -> ShippedRow:
    *before, quantity, price, currency, carrier, number = row
    followed: list[str] = [carrier or "", number or ""]
    return ShippedRow(*before, *[quantity, price, price * quantity, currency], *followed)


def _returned(row: tuple[Any, ...]) -> ReturnedRow:
    *before, reason, credit, currency = row
    return ReturnedRow(*before, *[reason or "", credit, currency])

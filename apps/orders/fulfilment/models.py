"""Shipments, cancellations and returns. Rows are only ever added, unless they may be personal.

client_id: whose order it is, as the order says. version: the order's after it. idempotency_key,
fingerprint: of the request, so that a retry does nothing again.
"""

from typing import Self

from django.db import models
from django.db.models.expressions import RawSQL

from apps.orders.constraints import (
    OF_CANCELLATIONS,
    OF_RETURNED_LINES,
    OF_RETURNS,
    OF_SHIPMENTS,
    OF_SHIPPED_LINES,
)
from apps.orders.placing.rules import (
    CARRIER_LENGTH,
    REASON_LENGTH,
    TRACKING_LENGTH,
    URL_LENGTH,
)
from monoservices.database.engines import engine
from monoservices.database.rows import ColumnType, ColumnTypes

_UNITS: dict[str, ColumnType] = {
    "line_id": "bigint",
    "product_id": "bigint",
    "sku": "text",
    "product_name": "text",
    "quantity": "integer",
}
_CAME_BACK: ColumnTypes = _UNITS | {
    "is_restocked": "boolean",
    "credit": "numeric",
    "reason": "text",
}
_LINE = "p.line_id, l.product_id, l.sku, l.product_name, p.quantity"


def _as_json(columns: ColumnTypes, rows: str) -> RawSQL:
    """An annotation: these rows as JSON text, an array for each."""
    statement = f"SELECT {engine().json_rows(columns)} FROM ({rows}) AS r"  # noqa: S608
    return RawSQL(statement, (), output_field=models.TextField())  # noqa: S611 - constants


class ShipmentQuerySet(models.QuerySet["Shipment"]):
    def visible_to(self, client_id: int, *, manages: bool) -> Self:
        """Those of the client's own orders; all of them for a caller that manages orders."""
        return self if manages else self.filter(client_id=client_id)

    def whole(self) -> Self:
        """Read the lines too, with tracking and delivery, in the same statement."""
        lines = f"""
            SELECT {_LINE} FROM orders_shipmentline AS p
            JOIN orders_orderline AS l ON l.id = p.line_id
            WHERE p.shipment_id = orders_shipment.id ORDER BY p.line_id
        """  # noqa: S608 - made of constants
        read = self.select_related("tracking", "delivery")
        return read.annotate(lines_as_json=_as_json(_UNITS, lines))

    def with_rows(self) -> Self:
        """Read the lines as rows, with tracking and delivery: three statements."""
        return self.select_related("tracking", "delivery").prefetch_related("lines__line")


class Shipment(models.Model):
    """Units of an order that left the shelf together.

    idempotency_key: null where the order was shipped as a whole, which is no second shipment when
    it is sent again, and in rows from before shipments were kept.
    """

    order = models.ForeignKey(
        "orders.Order", on_delete=models.PROTECT, related_name="shipments", db_index=False
    )
    client_id = models.BigIntegerField()
    version = models.IntegerField()
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    fingerprint = models.CharField(max_length=64, blank=True)
    actor = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    lines_as_json: str
    """The lines, as `ShipmentQuerySet.whole` has read them."""

    objects = ShipmentQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("client_id", "id"), name="shipment_by_client"),
            models.Index(fields=("created_at",), name="shipment_by_created_at"),
        )
        constraints = OF_SHIPMENTS

    def __str__(self) -> str:
        return f"Shipment #{self.pk} of order #{self.order_id}"


class ShipmentLine(models.Model):
    """Units of a line in a shipment."""

    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    # The foreign key keeps the line. Django would look for rows before any line is deleted.
    line = models.ForeignKey("orders.OrderLine", on_delete=models.DO_NOTHING, related_name="+")
    quantity = models.IntegerField()

    class Meta:
        ordering = ("pk",)
        constraints = OF_SHIPPED_LINES

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.line_id}"


class Delivery(models.Model):
    """That a shipment has arrived."""

    shipment = models.OneToOneField(
        Shipment, on_delete=models.PROTECT, related_name="delivery", primary_key=True
    )
    actor = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Delivery of shipment #{self.shipment_id}"


class Tracking(models.Model):
    """Where a shipment can be followed. It leads to a person, so it can be changed and erased."""

    shipment = models.OneToOneField(
        Shipment, on_delete=models.PROTECT, related_name="tracking", primary_key=True
    )
    carrier = models.CharField(max_length=CARRIER_LENGTH, blank=True)
    tracking_number = models.CharField(max_length=TRACKING_LENGTH, blank=True)
    tracking_url = models.CharField(max_length=URL_LENGTH, blank=True)

    def __str__(self) -> str:
        return f"{self.carrier} {self.tracking_number}"


class Cancellation(models.Model):
    """A request with a key that canceled what was open of an order, or some units of it.

    What it did, the order's event of this version says.
    """

    order = models.ForeignKey(
        "orders.Order", on_delete=models.PROTECT, related_name="cancellations", db_index=False
    )
    version = models.IntegerField()
    idempotency_key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    actor = models.CharField(max_length=200)

    class Meta:
        ordering = ("pk",)
        constraints = OF_CANCELLATIONS

    def __str__(self) -> str:
        return f"Cancellation of order #{self.order_id}"


class ReturnQuerySet(models.QuerySet["Return"]):
    def visible_to(self, client_id: int, *, manages: bool) -> Self:
        """Those of the client's own orders; all of them for a caller that manages orders."""
        return self if manages else self.filter(client_id=client_id)

    def whole(self) -> Self:
        """Read the lines too, with their reasons, in the same statement."""
        lines = f"""
            SELECT {_LINE}, p.is_restocked, p.credit, coalesce(w.text, '') AS reason
            FROM orders_returnline AS p
            LEFT JOIN orders_orderline AS l ON l.id = p.line_id
            LEFT JOIN orders_returnreason AS w ON w.return_line_id = p.id
            WHERE p.order_return_id = orders_return.id ORDER BY p.id
        """  # noqa: S608 - made of constants
        return self.select_related("order").annotate(lines_as_json=_as_json(_CAME_BACK, lines))

    def with_rows(self) -> Self:
        """Read the lines as rows, with their reasons: four statements."""
        return self.select_related("order").prefetch_related("lines__line", "lines__reason")


class Return(models.Model):
    """Units of an order that came back together. credit: how much less is due for the order."""

    order = models.ForeignKey(
        "orders.Order", on_delete=models.PROTECT, related_name="returns", db_index=False
    )
    client_id = models.BigIntegerField()
    version = models.IntegerField()
    idempotency_key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    actor = models.CharField(max_length=200)
    credit = models.DecimalField(max_digits=14, decimal_places=2)
    created_at = models.DateTimeField()

    lines_as_json: str
    """The lines, as `ReturnQuerySet.whole` has read them."""

    objects = ReturnQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("client_id", "id"), name="return_by_client"),
            models.Index(fields=("created_at",), name="return_by_created_at"),
        )
        constraints = OF_RETURNS

    def __str__(self) -> str:
        return f"Return #{self.pk} of order #{self.order_id}"


class ReturnLine(models.Model):
    """Units of a line in a return; or, without a line, what is credited of the order's charges."""

    order_return = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(
        "orders.OrderLine", on_delete=models.DO_NOTHING, related_name="+", null=True
    )
    quantity = models.IntegerField()
    is_restocked = models.BooleanField()
    credit = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        ordering = ("pk",)
        constraints = OF_RETURNED_LINES

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.line_id}"


class ReturnReason(models.Model):
    """Why units came back, as people wrote it. It may name persons, so it can be erased."""

    return_line = models.OneToOneField(
        ReturnLine, on_delete=models.PROTECT, related_name="reason", primary_key=True
    )
    text = models.CharField(max_length=REASON_LENGTH)

    def __str__(self) -> str:
        return self.text

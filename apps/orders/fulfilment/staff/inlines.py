"""What the page of an order, a shipment or a return lists of the rows that belong to it."""

from typing import Any

from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest

from apps.orders.fulfilment.goods import open_units
from apps.orders.fulfilment.staff.showing import (
    carrier_of,
    delivered_at,
    link,
    name_of,
    number_of,
    units_of,
)
from apps.orders.models import (
    Order,
    OrderCharge,
    OrderEvent,
    OrderLine,
    Return,
    ReturnLine,
    Shipment,
    ShipmentLine,
)


class PartInline(admin.TabularInline):  # type: ignore[type-arg]
    """Rows on the page of what they belong to. Everybody who may see that may read them."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LineInline(PartInline):
    """Where the units of each line are. Of a canceled order, all of them are canceled."""

    model = OrderLine
    fields = (
        *("sku", "product_name", "unit_price"),
        *("quantity", "shipped", "canceled", "returned", "open"),
        *("tax_rate", "tax_amount"),
    )
    readonly_fields = ("shipped", "canceled", "returned", "open")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(order_status=F("order__status"))

    @admin.display
    def shipped(self, line: OrderLine) -> int:
        return line.shipped_quantity

    @admin.display
    def canceled(self, line: Any) -> int:
        canceled: int = line.quantity if _is_canceled(line) else line.canceled_quantity
        return canceled

    @admin.display
    def returned(self, line: OrderLine) -> int:
        return line.returned_quantity

    @admin.display
    def open(self, line: Any) -> int:
        return 0 if _is_canceled(line) else open_units(line)


def _is_canceled(line: Any) -> bool:
    return bool(line.order_status == Order.Status.CANCELED)


class ChargeInline(PartInline):
    model = OrderCharge
    fields = ("type", "label", "amount", "tax_rate", "tax_amount")


class ShipmentInline(PartInline):
    """The parcels of an order, in the order in which they left."""

    model = Shipment
    ordering = ("pk",)
    fields = ("shipment", "units", "carrier", "tracking_number", "created_at", "arrived")
    readonly_fields = ("shipment", "units", "carrier", "tracking_number", "arrived")

    def get_queryset(self, request: HttpRequest) -> Any:
        return Shipment.objects.with_rows().order_by("pk")

    @admin.display
    def shipment(self, shipment: Shipment) -> str:
        return link(shipment)

    @admin.display
    def units(self, shipment: Shipment) -> str:
        return units_of(shipment.lines.all())

    @admin.display
    def carrier(self, shipment: Shipment) -> str:
        return carrier_of(shipment)

    @admin.display
    def tracking_number(self, shipment: Shipment) -> str:
        return number_of(shipment)

    @admin.display(description="Delivered at")
    def arrived(self, shipment: Shipment) -> str:
        return delivered_at(shipment)


class ReturnInline(PartInline):
    """What came back of an order."""

    model = Return
    fields = ("number", "units", "restocked", "reasons", "credit", "created_at", "actor")
    readonly_fields = ("number", "units", "restocked", "reasons")

    def get_queryset(self, request: HttpRequest) -> Any:
        return Return.objects.with_rows().order_by("pk")

    @admin.display(description="Return")
    def number(self, row: Return) -> str:
        return link(row)

    @admin.display
    def units(self, row: Return) -> str:
        return units_of(row.lines.all())

    @admin.display(description="Back on sale")
    def restocked(self, row: Return) -> str:
        """How many of the units."""
        goods = [each for each in row.lines.all() if each.line]
        back = sum(each.quantity for each in goods if each.is_restocked)
        return f"{back} of {sum(each.quantity for each in goods)}"

    @admin.display
    def reasons(self, row: Return) -> str:
        texts = [each.reason.text for each in row.lines.all() if hasattr(each, "reason")]
        return "; ".join(texts) or "-"


class EventInline(PartInline):
    model = OrderEvent
    fields = ("created_at", "version", "type", "from_status", "to_status", "actor", "data")


class ShipmentLineInline(PartInline):
    model = ShipmentLine
    fields = ("sku", "product", "quantity")
    readonly_fields = ("sku", "product")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("line")

    @admin.display(description="SKU")
    def sku(self, each: ShipmentLine) -> str:
        return each.line.sku

    @admin.display
    def product(self, each: ShipmentLine) -> str:
        return name_of(each)


class ReturnLineInline(PartInline):
    model = ReturnLine
    fields = ("sku", "product", "quantity", "on_sale", "credit", "why")
    readonly_fields = ("sku", "product", "on_sale", "why")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("line", "reason")

    @admin.display(description="SKU")
    def sku(self, each: ReturnLine) -> str:
        return each.line.sku if each.line else "-"

    @admin.display
    def product(self, each: ReturnLine) -> str:
        return name_of(each)

    @admin.display(description="Back on sale")
    def on_sale(self, each: ReturnLine) -> str:
        if each.line is None:
            return "-"
        return "Yes" if each.is_restocked else "No"

    @admin.display(description="Reason")
    def why(self, each: ReturnLine) -> str:
        return each.reason.text if hasattr(each, "reason") else "-"

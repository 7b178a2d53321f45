"""The staff pages of shipments and returns, newest first."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from apps.orders.fulfilment.models import ReturnQuerySet
from apps.orders.fulfilment.staff.inlines import ReturnLineInline, ShipmentLineInline
from apps.orders.fulfilment.staff.shipment_pages import ChangingShipments
from apps.orders.fulfilment.staff.showing import (
    carrier_of,
    delivered_at,
    may_change_orders,
    money,
    number_of,
    order_link,
    units_of,
)
from apps.orders.models import Return, Shipment
from monoservices.api.staff import ReadOnlyAdmin
from monoservices.api.types import MAX_BIG_INTEGER


def is_id(text: str) -> bool:
    """Whether `text` is a number that an id may have."""
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_BIG_INTEGER


class PartAdmin(ReadOnlyAdmin):
    """Pages of what belongs to orders. Everybody who may see orders may see it.

    by_tracking: the rows with a tracking number.
    """

    by_tracking: Callable[[str], Q]
    search_fields = ("order_id",)
    search_help_text = "Search by order number or tracking number."
    ordering = ("-pk",)
    sortable_by = ()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        sees_orders = request.user.has_perm("orders.view_order") or may_change_orders(request)
        return sees_orders or super().has_view_permission(request, obj)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if term := search_term.strip():
            found = type(self).by_tracking(term)
            queryset = queryset.filter(found | Q(order_id=term) if is_id(term) else found)
        return queryset, False

    @admin.display(description="Order")
    def order_number(self, part: Shipment | Return) -> str:
        return order_link(part.order_id)

    @admin.display(description="Units")
    def units(self, part: Any) -> str:
        return units_of(part.lines.all())


class DeliveredFilter(admin.SimpleListFilter):
    title, parameter_name = "status", "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("shipped", "On its way"), ("delivered", "Delivered")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        status = self.value()
        if status not in {"shipped", "delivered"}:
            return queryset
        return queryset.filter(delivery__isnull=status == "shipped")


@admin.register(Shipment)
class ShipmentAdmin(ChangingShipments, PartAdmin):
    """Read-only, but staff who may change orders note delivery, and where to follow a shipment."""

    list_display = ("id", "order_number", "units", "number", "created_at", "arrived")
    list_filter = (DeliveredFilter,)
    fields = (
        *("order_number", "created_at", "actor", "arrived", "noted_by"),
        *("carrier", "number"),
    )
    inlines = (ShipmentLineInline,)

    @staticmethod
    def by_tracking(term: str) -> Q:
        return Q(tracking__tracking_number=term)

    @admin.display
    def carrier(self, shipment: Shipment) -> str:
        return carrier_of(shipment)

    @admin.display(description="Tracking number")
    def number(self, shipment: Shipment) -> str:
        return number_of(shipment)

    @admin.display(description="Delivered at")
    def arrived(self, shipment: Shipment) -> str:
        return delivered_at(shipment)

    @admin.display(description="Delivery noted by")
    def noted_by(self, shipment: Shipment) -> str:
        return shipment.delivery.actor if hasattr(shipment, "delivery") else "-"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        shipment: Shipment = context["original"]
        context["can_change"] = may_change_orders(request)
        context["can_deliver"] = context["can_change"] and not hasattr(shipment, "delivery")
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(Return)
class ReturnAdmin(PartAdmin):
    """What came back, and what was credited for it. Nobody changes it."""

    list_display = ("id", "order_number", "units", "amount", "created_at", "actor")
    fields = ("order_number", "created_at", "actor", "amount")
    inlines = (ReturnLineInline,)

    @staticmethod
    def by_tracking(term: str) -> Q:
        shipped = Shipment.objects.filter(tracking__tracking_number=term)
        return Q(order_id__in=shipped.values("order_id"))

    def get_queryset(self, request: HttpRequest) -> ReturnQuerySet:
        return Return.objects.with_rows()

    @admin.display(description="Credit")
    def amount(self, row: Return) -> str:
        return money(row.credit, row.order)

"""The staff pages of orders and of their history."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.text import capfirst

from apps.orders import operations
from apps.orders.exceptions import OrdersError
from apps.orders.fulfilment.staff.admin import is_id
from apps.orders.fulfilment.staff.forms import SeenForm
from apps.orders.fulfilment.staff.inlines import (
    ChargeInline,
    EventInline,
    LineInline,
    ReturnInline,
    ShipmentInline,
)
from apps.orders.fulfilment.staff.showing import may_change_orders
from apps.orders.fulfilment.staff.units_pages import UnitsAdmin, units_pages_of
from apps.orders.models import Order, OrderEvent, OrderQuerySet
from apps.orders.money import PAYMENT_STATUSES, due_of, payment_status_of
from apps.orders.placing.requests import DETAILS
from apps.orders.placing.rules import can_become
from monoservices.api.staff import ReadOnlyAdmin, staff_actor

STATUS_AFTER = {"ship": "shipped", "deliver": "delivered", "cancel": "canceled"}
"""The status of an order after each move that staff can make."""
DONE = {"confirm": "confirmed"} | STATUS_AFTER
"""What staff can do to an order, and how to say that it was done."""


def allows(order: Order, verb: str) -> bool:
    """Whether staff can do this to the order as it is."""
    if verb == "confirm":
        return order.is_held
    can_move = can_become(order.status, STATUS_AFTER[verb])
    return can_move and not (verb == "ship" and order.is_held)


class CreatedFilter(admin.DateFieldListFilter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "date"


class PaymentFilter(admin.SimpleListFilter):
    title, parameter_name = "payment", "payment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status, status.replace("_", " ").capitalize()) for status in PAYMENT_STATUSES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        status = self.value()
        return queryset.with_payment_status(status) if status in PAYMENT_STATUSES else queryset


@admin.register(Order)
class OrderAdmin(UnitsAdmin):
    """Read-only, but staff who may change orders may confirm, ship, deliver and cancel them."""

    list_display = (
        "id",
        "status",
        "contents",
        "amount",
        "money",
        "held_until",
        "reference",
        "customer_email",
        "created_at",
    )
    list_filter = ("status", PaymentFilter, ("created_at", CreatedFilter))
    search_fields = ("id", "reference", "customer_email")
    search_help_text = "Search by order number, reference or the customer's e-mail address."
    fields = (
        *("status", "canceled_because", "held_until"),
        *("amount", "credited", "due", "paid", "money", "client_number"),
        *(*DETAILS, "created_at", "updated_at"),
    )
    inlines = (LineInline, ChargeInline, ShipmentInline, ReturnInline, EventInline)
    actions = ("ship_selected", "deliver_selected", "cancel_selected")

    def get_queryset(self, request: HttpRequest) -> OrderQuerySet:
        return Order.objects.with_lines()

    def get_inlines(self, request: HttpRequest, obj: Order | None) -> Any:
        """The inlines that have rows. An inline without rows would cost a statement."""
        lines = [] if obj is None else obj.lines.all()
        has_rows = {
            ChargeInline: obj is not None and obj.charges_total is not None,
            ShipmentInline: any(line.shipped_quantity for line in lines),
            ReturnInline: any(line.returned_quantity for line in lines),
        }
        return [each for each in self.inlines if has_rows.get(each, True)]

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if term := search_term.strip():
            found = queryset.filter(reference=term) | queryset.filter(customer_email=term)
            queryset = found | queryset.filter(pk=term) if is_id(term) else found
        return queryset, False

    @admin.display
    def contents(self, order: Order) -> str:
        return str(order).partition(" - ")[2]

    @admin.display(description="Total", ordering="total")
    def amount(self, order: Order) -> str:
        return f"{order.total} {order.currency}"

    @admin.display
    def due(self, order: Order) -> str:
        return f"{due_of(order.status, order.total, order.credited)} {order.currency}"

    @admin.display(description="Payment")
    def money(self, order: Order) -> str:
        due = due_of(order.status, order.total, order.credited)
        status = payment_status_of(order.status, order.paid, due)
        return (status or "-").replace("_", " ")

    @admin.display(description="Client number")
    def client_number(self, order: Order) -> int:
        return order.client_id

    def has_move_permission(self, request: HttpRequest) -> bool:
        return may_change_orders(request)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        order: Order = context["original"]
        context["verbs"] = [
            verb for verb in DONE if allows(order, verb) and self.has_move_permission(request)
        ]
        context["units_pages"] = units_pages_of(order) if self.has_move_permission(request) else []
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.move_view)
        own = [
            path(f"<int:order_id>/{verb}/", view, {"verb": verb}, name=f"orders_order_{verb}")
            for verb in DONE
        ]
        return [*own, *super().get_urls()]

    def move_view(self, request: HttpRequest, order_id: int, verb: str) -> HttpResponse:
        """Ask on GET; on POST, do it to the version that the staff have seen."""
        if not self.has_move_permission(request):
            raise PermissionDenied
        order = get_object_or_404(self.get_queryset(request), pk=order_id)
        form = SeenForm(request.POST or None, initial={"version": order.version})
        if form.is_valid():
            if moved := self._move(request, order, verb, form.cleaned_data["version"]):
                self.message_user(request, _told(moved, verb), messages.SUCCESS)
            return redirect("admin:orders_order_change", order_id)
        return self.render_page(
            request,
            "admin/orders/order/move.html",
            title=f"{capfirst(verb)} this order?",
            original=order,
            verb=verb,
            form=form,
        )

    @admin.action(description="Ship selected orders", permissions=["move"])
    def ship_selected(self, request: HttpRequest, orders: OrderQuerySet) -> None:
        self._move_all(request, orders, "ship")

    @admin.action(description="Deliver selected orders", permissions=["move"])
    def deliver_selected(self, request: HttpRequest, orders: OrderQuerySet) -> None:
        self._move_all(request, orders, "deliver")

    @admin.action(description="Cancel selected orders", permissions=["move"])
    def cancel_selected(self, request: HttpRequest, orders: OrderQuerySet) -> HttpResponse | None:
        """Ask first; the page that asks sends the action again, confirmed."""
        if "confirmed" in request.POST:
            self._move_all(request, orders, "cancel")
            return None
        return self.render_page(
            request,
            "admin/orders/order/cancel_selected.html",
            title="Cancel these orders?",
            orders=orders,
        )

    def _move_all(self, request: HttpRequest, orders: OrderQuerySet, verb: str) -> None:
        moved = [self._move(request, order, verb) for order in orders]
        count = sum(order is not None for order in moved)
        text = f"Orders {STATUS_AFTER[verb]}: {count}."
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)

    def _move(
        self, request: HttpRequest, order: Order, verb: str, version: int | None = None
    ) -> Order | None:
        """Move one order and return it as it is now; if that cannot be, say why."""
        act: dict[str, Any] = {
            "order_id": order.pk,
            "actor": staff_actor(request),
            "version": version,
        }
        try:
            if verb == "confirm":
                moved = operations.confirm_order(**act)
            else:
                moved = operations.move_order(status=STATUS_AFTER[verb], **act)
        except OrdersError as error:
            reasons = [text for texts in error.errors.values() for text in texts]
            text = f"Order #{order.pk}: {' '.join(reasons or [error.detail])}"
            self.message_user(request, text, messages.ERROR)
            return None
        if moved.version != order.version:
            field = "held_until" if verb == "confirm" else "status"
            self.log_change(request, order, [{"changed": {"fields": [field]}}])
        return moved


def _told(order: Order, verb: str) -> str:
    """What was done to an order."""
    if verb == "cancel" and order.status != Order.Status.CANCELED:
        return f"What was open is canceled. The order is {order.status}."
    return f"The order is {DONE[verb]}."


@admin.register(OrderEvent)
class OrderEventAdmin(ReadOnlyAdmin):
    """The history of all orders, newest first."""

    list_display = ("created_at", "order_id", "type", "from_status", "to_status", "actor")
    list_filter = ("type",)
    search_fields = ("order_id",)
    search_help_text = "Search by order number."
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("created_at", "order", "version", "type", "from_status", "to_status", "actor", "data")

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if term := search_term.strip():
            queryset = queryset.filter(order_id=term) if is_id(term) else queryset.none()
        return queryset, False

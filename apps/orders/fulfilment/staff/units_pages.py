"""The staff pages on which some units of an order are shipped, canceled or returned."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from msgspec import Struct

from apps.orders import operations
from apps.orders.exceptions import OrdersError
from apps.orders.fulfilment.goods import open_units, returnable_units
from apps.orders.fulfilment.shipping import Shipped, ShippedBefore
from apps.orders.fulfilment.staff.showing import may_change_orders
from apps.orders.fulfilment.staff.units_forms import CancelForm, ReturnForm, ShipForm, UnitsForm
from apps.orders.models import Order, OrderLine
from monoservices.api.staff import ReadOnlyAdmin, staff_actor

LINES_PER_PAGE = 100
"""Lines that a form shows. Django takes 1,000 fields, and an order can have 2,000 lines."""


class Done(Struct, frozen=True):
    """What was done, for people. changed: which field of the order; "" where it was done before."""

    text: str
    changed: str


class UnitsPage(Struct, frozen=True):
    """A page that does something to some units of an order.

    carry_out: does what a valid form says, in the name of an actor. Raises OrdersError.
    """

    name: str
    label: str
    title: str
    form: type[UnitsForm]
    fields: Sequence[str]
    carry_out: Callable[[Order, Any, str], Done]


def units_pages_of(order: Order) -> list[UnitsPage]:
    """The pages that have something to do for an order as it is."""
    lines = order.lines.all()
    is_open = order.status == Order.Status.PENDING and any(map(open_units, lines))
    offered = {
        "ship_units": is_open and not order.is_held,
        "cancel_units": is_open,
        "return_units": any(map(returnable_units, lines)),
    }
    return [page for page in UNITS_PAGES if offered[page.name]]


class UnitsAdmin(ReadOnlyAdmin):
    """The pages of orders, with those for some of their units."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.units_view)
        own = [
            path(
                f"<int:order_id>/{page.name.replace('_', '-')}/",
                view,
                {"page": page},
                name=f"orders_order_{page.name}",
            )
            for page in UNITS_PAGES
        ]
        return [*own, *super().get_urls()]

    def units_view(self, request: HttpRequest, order_id: int, page: UnitsPage) -> HttpResponse:
        """Ask on GET; on POST, do it once to the version that the staff have seen."""
        if not may_change_orders(request):
            raise PermissionDenied
        order = get_object_or_404(self.get_queryset(request), pk=order_id)
        shown = _shown(request, order, page)
        data = request.POST if request.method == "POST" else None
        form = page.form(data, order=order, lines=_sent(order, data) if data else shown)
        if form.is_valid() and self._carry_out(request, order, page, form):
            return redirect("admin:orders_order_change", order_id)
        fieldsets = [(None, {"fields": page.fields})] if page.fields else []
        adminform = AdminForm(form, fieldsets, {}, model_admin=self)  # type: ignore[arg-type]
        return self.render_page(
            request,
            "admin/orders/order/units.html",
            title=page.title,
            original=order,
            page=page,
            lines=shown,
            form=form,
            adminform=adminform,
        )

    def _carry_out(
        self, request: HttpRequest, order: Order, page: UnitsPage, form: UnitsForm
    ) -> bool:
        """Do what the form says, or return False and say on the form why not."""
        try:
            done = page.carry_out(order, form, staff_actor(request))
        except OrdersError as error:
            form.refuse(error)
            return False
        if done.changed:
            self.log_change(request, order, [{"changed": {"fields": [done.changed]}}])
        self.message_user(request, done.text, messages.SUCCESS)
        return True


def _shown(request: HttpRequest, order: Order, page: UnitsPage) -> Any:
    """A page of the lines that have such units."""
    lines = [line for line in order.lines.all() if page.form.there(line)]
    return Paginator(lines, LINES_PER_PAGE).get_page(request.GET.get("page"))


def _sent(order: Order, data: Any) -> list[OrderLine]:
    """The lines whose fields were sent; of a form that is sent again, nothing may be open now."""
    return [line for line in order.lines.all() if f"lines.{line.pk}.quantity" in data]


def _ship(order: Order, form: ShipForm, actor: str) -> Done:
    request = operations.ShipmentRequest(
        order_id=order.pk,
        actor=actor,
        idempotency_key=form.key,
        lines=form.units(),
        followed=form.followed(),
        version=form.cleaned_data["version"],
    )
    [outcome] = operations.ship_orders([request])
    match outcome:
        case Shipped():
            return Done(f"Shipment #{outcome.id} has left.", "shipments")
        case ShippedBefore():
            return Done(f"Shipment #{outcome.id} has left.", "")
        case OrdersError():
            raise outcome
    raise TypeError("A request with a key is a shipment or an error.")


def _cancel(order: Order, form: CancelForm, actor: str) -> Done:
    units = form.units()
    canceled = operations.cancel_order(
        order_id=order.pk, actor=actor, lines=units, version=form.cleaned_data["version"]
    )
    count = sum(each.quantity for each in units)
    return Done(f"Units canceled: {count}. The order is {canceled.status}.", "lines")


def _take_back(order: Order, form: ReturnForm, actor: str) -> Done:
    returned = operations.return_goods(
        order_id=order.pk,
        request=form.request(),
        actor=actor,
        idempotency_key=form.key,
        version=form.cleaned_data["version"],
    )
    written = returned.order_return
    text = f"Return #{written.pk} is recorded; {written.credit} {order.currency} are credited."
    return Done(text, "" if returned.replayed else "returns")


UNITS_PAGES = (
    UnitsPage(
        "ship_units",
        "Ship some units",
        "Ship units in one parcel",
        ShipForm,
        ("carrier", "tracking_number", "tracking_url"),
        _ship,
    ),
    UnitsPage("cancel_units", "Cancel some units", "Cancel units", CancelForm, (), _cancel),
    UnitsPage(
        "return_units",
        "Record a return",
        "Record a return",
        ReturnForm,
        ("charges_credit",),
        _take_back,
    ),
)

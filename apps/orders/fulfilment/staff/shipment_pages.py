"""The staff pages on which a shipment is delivered, and which say where it can be followed."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path

from apps.orders import operations
from apps.orders.exceptions import OrdersError
from apps.orders.fulfilment.models import ShipmentQuerySet
from apps.orders.fulfilment.requests import Followed
from apps.orders.fulfilment.staff.forms import SeenForm, TrackingForm
from apps.orders.fulfilment.staff.showing import may_change_orders
from apps.orders.models import Shipment
from monoservices.api.staff import ReadOnlyAdmin, staff_actor


class ChangingShipments(ReadOnlyAdmin):
    """Pages on which staff note a delivery and edit tracking."""

    def get_queryset(self, request: HttpRequest) -> ShipmentQuerySet:
        return Shipment.objects.with_rows().select_related("order")

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<int:shipment_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"orders_shipment_{name}",
            )
            for name, view in (("deliver", self.deliver_view), ("tracking", self.tracking_view))
        ]
        return [*own, *super().get_urls()]

    def deliver_view(self, request: HttpRequest, shipment_id: int) -> HttpResponse:
        """Ask on GET; on POST, note the delivery, if the order is as the staff have seen it."""
        shipment = self._changeable(request, shipment_id)
        form = SeenForm(_posted(request), initial={"version": shipment.order.version})
        actor = staff_actor(request)
        if form.is_valid() and self._done(
            request,
            form,
            lambda version: operations.deliver_shipment(
                shipment_id=shipment_id, actor=actor, version=version
            ),
            changes="" if hasattr(shipment, "delivery") else "delivery",
            text=f"Shipment #{shipment_id} is delivered.",
        ):
            return redirect("admin:orders_shipment_change", shipment_id)
        template = "admin/orders/shipment/deliver.html"
        title = "Is this shipment delivered?"
        return self.render_page(request, template, title=title, original=shipment, form=form)

    def tracking_view(self, request: HttpRequest, shipment_id: int) -> HttpResponse:
        """Show the form on GET; on POST, set what the staff have changed of what they saw."""
        shipment = self._changeable(request, shipment_id)
        tracking, names = getattr(shipment, "tracking", None), [*Followed.__struct_fields__]
        initial: dict[str, Any] = {name: getattr(tracking, name, "") for name in names}
        form = TrackingForm(_posted(request), initial=initial | {"version": shipment.order.version})
        if form.is_valid() and self._done(
            request,
            form,
            lambda version: operations.follow_shipment(
                shipment_id=shipment_id, version=version, changes=form.changes(), seen=form.seen()
            ),
            changes="tracking" if form.changes() else "",
            text="The tracking is saved.",
        ):
            return redirect("admin:orders_shipment_change", shipment_id)
        adminform = AdminForm(form, [(None, {"fields": names})], {}, model_admin=self)  # type: ignore[arg-type]
        return self.render_page(
            request,
            "admin/orders/shipment/tracking.html",
            title="Tracking",
            original=shipment,
            form=form,
            adminform=adminform,
        )

    def _changeable(self, request: HttpRequest, shipment_id: int) -> Shipment:
        if not may_change_orders(request):
            raise PermissionDenied
        return get_object_or_404(self.get_queryset(request), pk=shipment_id)

    def _done(
        self,
        request: HttpRequest,
        form: SeenForm,
        operation: Callable[[int], Shipment],
        *,
        changes: str,
        text: str,
    ) -> bool:
        """Do it to the version that was seen, or return False and say on the form why not."""
        try:
            shipment = operation(form.cleaned_data["version"])
        except OrdersError as error:
            form.refuse(error)
            return False
        if changes:
            self.log_change(request, shipment, [{"changed": {"fields": [changes]}}])
        self.message_user(request, text, messages.SUCCESS)
        return True


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None

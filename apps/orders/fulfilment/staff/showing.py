"""What the staff pages of orders, shipments and returns share: who may act, and how they write."""

import re
from collections.abc import Iterable
from itertools import islice

from django.contrib.admin.utils import display_for_value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from apps.orders.models import Order, Return, ReturnLine, Shipment, ShipmentLine
from monoservices.api.types import WEB_ADDRESS

LINES_NAMED = 3
"""Lines of a shipment or return that a list names."""


def may_change_orders(request: HttpRequest) -> bool:
    """Whether these staff may do anything to orders."""
    return request.user.has_perm("orders.change_order")


def order_link(order_id: int) -> str:
    """A link to an order's page."""
    url = reverse("admin:orders_order_change", args=[order_id])
    return format_html('<a href="{}">#{}</a>', url, order_id)


def link(row: Shipment | Return) -> str:
    """A link to the page of a shipment or return."""
    url = reverse(f"admin:orders_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">#{}</a>', url, row.pk)


def units_of(lines: Iterable[ShipmentLine | ReturnLine]) -> str:
    """What was shipped or returned, such as `2 × Blue Mug`; the first lines are named."""
    goods = sorted((each for each in lines if each.line), key=lambda each: each.pk)
    named = [f"{each.quantity} × {name_of(each)}" for each in islice(goods, LINES_NAMED)]
    more = len(goods) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def name_of(each: ShipmentLine | ReturnLine) -> str:
    """What a line is of: a product, or the order's charges."""
    return each.line.product_name if each.line else "Charges"


def carrier_of(shipment: Shipment) -> str:
    tracking = getattr(shipment, "tracking", None)
    return (tracking and tracking.carrier) or "-"


def number_of(shipment: Shipment) -> str:
    """The tracking number of a shipment; it leads to the carrier's page, if that is known."""
    tracking = getattr(shipment, "tracking", None)
    if tracking is None:
        return "-"
    text = tracking.tracking_number or tracking.tracking_url or "-"
    # Who writes into the database may have written a link that runs a script.
    if not (tracking.tracking_url and re.search(WEB_ADDRESS, tracking.tracking_url)):
        return text
    return format_html('<a href="{}" rel="noreferrer">{}</a>', tracking.tracking_url, text)


def delivered_at(shipment: Shipment) -> str:
    """When a shipment arrived, as these pages write moments."""
    delivery = getattr(shipment, "delivery", None)
    return display_for_value(delivery and delivery.created_at, "-")


def money(amount: object, order: Order) -> str:
    return f"{amount} {order.currency}"

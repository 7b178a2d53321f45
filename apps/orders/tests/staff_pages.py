"""What tests of the staff pages share: addresses, forms as a browser sends them, all rows."""

import re
from html.parser import HTMLParser
from typing import Any

from django.contrib.admin.models import LogEntry
from django.test import Client as Browser
from django.urls import reverse

from apps.orders.models import (
    Delivery,
    Order,
    OrderEvent,
    OrderLine,
    Return,
    ReturnLine,
    ReturnReason,
    Shipment,
    ShipmentLine,
    Tracking,
)
from apps.orders.tests.product_rows import MOVEMENT, PRODUCT
from monoservices.testing.rows import rows_of

WRITTEN = (
    *(Order, OrderLine, OrderEvent),
    *(Shipment, ShipmentLine, Delivery, Tracking),
    *(Return, ReturnLine, ReturnReason),
    LogEntry,
)


def detail(order: Order) -> str:
    return reverse("admin:orders_order_change", args=[order.pk])


def url(order: Order, verb: str) -> str:
    return reverse(f"admin:orders_order_{verb}", args=[order.pk])


def state() -> tuple[list[Any], ...]:
    """Everything that these pages can write, and what the staff did."""
    rows = [list(model.objects.order_by("pk").values_list()) for model in WRITTEN]
    return (*rows, list(rows_of(PRODUCT)), list(rows_of(MOVEMENT)))


def messages(content: bytes) -> list[str]:
    return re.findall(r'<li class="(?:success|warning|error)">(.*?)</li>', content.decode())


def errors(content: bytes) -> list[str]:
    """The errors on a page with a form."""
    lists = re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', content.decode(), re.DOTALL)
    return [text for each in lists for text in re.findall(r"<li>(.*?)</li>", each)]


def cells(content: bytes, *names: str) -> list[str]:
    """The cells of these columns in the lists of a page, without links."""
    found = re.findall(
        r'<td class="field-(\w+)">\s*<p>(.*?)</p>', content.decode(), flags=re.DOTALL
    )
    return [re.sub(r"<[^>]+>", "", value) for name, value in found if name in names]


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        name = attributes.get("name")
        if tag in {"input", "select"} and name and attributes.get("type") != "submit":
            self.values[name] = attributes.get("value") or ""


def opened(browser: Browser, page: str) -> dict[str, str]:
    """The fields of the form on a page, as a browser would send them."""
    answer = browser.get(page)
    assert answer.status_code == 200
    parser = _Fields()
    parser.feed(answer.content.decode())
    parser.values.pop("csrfmiddlewaretoken", None)
    return parser.values

"""An order changes while it is read: what a reader gets is the order as it was at one moment."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from threading import Thread, current_thread
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import Client

from apps.orders.models import Order
from apps.orders.operations import OrderChange, change_order
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import make_product
from conftest import Answer, Api
from monoservices.database import libpq

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = Decimal("9.99")
MOST_CHANGES = 5

Seen = tuple[Decimal, int]
"""The total of an order and the quantity of its one line."""


@pytest.fixture
def order() -> Order:
    return make_order(line(make_product(price=str(PRICE), stock=1_000).id))


@contextmanager
def changed_after_statements(order: Order, *, times: int = MOST_CHANGES) -> Iterator[list[int]]:
    """Somebody else orders one more after each statement of this thread that reads orders.

    Yields the quantities that were committed.
    """
    quantities = [1]

    def change() -> None:
        try:
            more = OrderChange(quantity=quantities[-1] + 1)
            change_order(order_id=order.pk, change=more, actor="somebody")
            quantities.append(quantities[-1] + 1)
        finally:
            connection.close()

    def change_after(sql: str) -> None:
        if "orders_order" in sql and current_thread() is reader and len(quantities) <= times:
            thread = Thread(target=change)
            thread.start()
            thread.join()

    def execute_by_cursor(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if hasattr(rest[-1]["cursor"], "fetchall"):  # others travel later, in a pipeline
            change_after(sql)
        return result

    def execute_in_pipeline(connection: Any, statements: Any, **how: Any) -> Any:
        rows = execute(connection, statements, **how)
        change_after(" ".join(sql for sql, _ in statements))
        return rows

    reader, execute = current_thread(), libpq.execute
    with (
        connection.execute_wrapper(execute_by_cursor),
        patch.object(libpq, "execute", execute_in_pipeline),
    ):
        yield quantities


def of_json(order: Any) -> Seen:
    [own] = order["lines"]
    return Decimal(order["total"]), own["quantity"]


def of_list(answer: Answer) -> Seen:
    [order] = answer.json["results"]
    return of_json(order)


def of_csv(answer: Answer) -> Seen:
    [row] = csv.DictReader(io.StringIO(answer.content.decode(), newline=""))
    return Decimal(row["total"]), int(row["quantity"])


def of_json_lines(answer: Answer) -> Seen:
    return of_json(json.loads(answer.content))


READS: dict[str, tuple[str, str, Callable[[Answer], Seen]]] = {
    "order": ("orders/{}/", "application/json", lambda answer: of_json(answer.json)),
    "list": ("orders/", "application/json", of_list),
    "csv": ("orders/export/", "text/csv", of_csv),
    "json lines": ("orders/export/", "application/jsonl", of_json_lines),
}


@pytest.mark.parametrize("name", READS)
def test_an_answer_is_of_one_moment(order: Order, make_api: Callable[..., Api], name: str) -> None:
    path, accept, seen_in = READS[name]
    api = make_api("orders:read", "orders:manage")
    with changed_after_statements(order) as quantities:
        answer = api.get(path.format(order.pk), accept=accept)
    assert answer.status == 200
    total, quantity = seen_in(answer)
    assert total == quantity * PRICE
    assert quantity == 1
    assert quantities == [1, 2]  # there was one statement, after which the order has changed


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("PATCH", "orders/{}/", {"reference": "r"}),
        ("POST", "orders/{}/cancel/", None),
        ("POST", "orders/{}/ship/", None),
    ],
)
def test_the_answer_to_a_change_is_of_one_moment(
    order: Order, make_api: Callable[..., Api], method: str, path: str, data: Any
) -> None:
    """Somebody changes the order after the caller's permission was checked, before the lock."""
    api = make_api("orders:write", "orders:manage")
    with changed_after_statements(order, times=1) as quantities:
        answer = api.send(method, path.format(order.pk), data)
    assert answer.status == 200
    assert of_json(answer.json) == (2 * PRICE, 2)
    assert quantities == [1, 2]


def test_the_page_of_an_order_is_of_one_moment(order: Order, staff: Callable[..., Client]) -> None:
    browser = staff("view_order")
    with changed_after_statements(order) as quantities:
        page = browser.get(f"/console/orders/order/{order.pk}/change/")
    assert page.status_code == 200
    lines, events = (each.formset.queryset for each in page.context["inline_admin_formsets"])
    assert page.context["original"].total == PRICE
    assert [each.quantity for each in lines] == [1]
    assert [each.type for each in events] == ["placed"]
    assert ">9.99 EUR<" in page.content.decode()
    assert len(quantities) == 1 + 3  # after order, lines and events


def test_the_list_of_orders_for_staff_is_of_one_moment(
    order: Order, staff: Callable[..., Client]
) -> None:
    browser = staff("view_order")
    with changed_after_statements(order):
        page = browser.get("/console/orders/order/")
    [seen] = page.context["cl"].result_list
    [own] = seen.lines.all()
    assert seen.total == own.quantity * PRICE


def test_control_two_statements_see_two_moments(order: Order) -> None:
    with changed_after_statements(order):
        [seen] = Order.objects.prefetch_related("lines")
    assert (seen.total, seen.lines.all()[0].quantity) == (PRICE, 2)

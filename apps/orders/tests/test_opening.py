"""The migration that commits the units of pending orders, on a shop from before."""

from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from apps.orders.books.audit import audit
from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import Order
from apps.orders.operations import cancel_order, deliver_order, ship_order, update_order
from apps.orders.tests.factories import execute, line, make_order
from apps.orders.tests.product_rows import MOVEMENT, committed, in_stock, make_product
from monoservices.database.engines import engine
from monoservices.testing.rows import rows_of

pytestmark = pytest.mark.django_db

MIGRATION = import_module("apps.orders.migrations.0012_open_commitments")


def open_pending_orders() -> None:
    MIGRATION.open_pending_orders(None, SimpleNamespace(connection=connection))


def forget() -> None:
    """Make the shop one from before products had two quantities."""
    for sql in engine().append_only("products_stockmovement", [])[1]:
        execute(sql)
    execute("DELETE FROM products_stockmovement WHERE reason = 'shipped'")
    execute("UPDATE products_stockmovement SET committed_delta = NULL, committed_after = NULL")
    execute("UPDATE products_product SET committed_quantity = 0")


@pytest.fixture
def mug() -> ProductSnapshot:
    return make_product(sku="MUG", stock=50)


@pytest.fixture
def pen() -> ProductSnapshot:
    return make_product(sku="PEN", stock=50)


@pytest.fixture
def orders(mug: ProductSnapshot, pen: ProductSnapshot) -> list[Order]:
    """Three that are pending, and one of each other status."""
    first = make_order(line(mug.id, 2), line(pen.id, 1), line(mug.id, 3, unit_price=Decimal(1)))
    changed, third, shipped, delivered, canceled = (make_order(line(mug.id, 2)) for _ in range(5))
    update_order(order_id=changed.pk, quantity=4)
    ship_order(order_id=shipped.pk, actor="x")
    ship_order(order_id=delivered.pk, actor="x")
    deliver_order(order_id=delivered.pk, actor="x")
    cancel_order(order_id=canceled.pk, actor="x")
    forget()
    return [first, changed, third]


def opened() -> list[tuple[Any, ...]]:
    columns = ("product_id", "reference", "revision", "committed_delta", "committed_after")
    rows = rows_of(MOVEMENT).filter(reason="opened").order_by("product_id", "pk")
    return list(rows.values_list(*columns))


@pytest.mark.parametrize("chunk_size", [1, 2, 100])
def test_each_pending_order_commits_its_units_once(
    mug: ProductSnapshot,
    pen: ProductSnapshot,
    orders: list[Order],
    monkeypatch: pytest.MonkeyPatch,
    chunk_size: int,
) -> None:
    monkeypatch.setattr(MIGRATION, "CHUNK_SIZE", chunk_size)
    first, changed, third = (f"order:{order.pk}" for order in orders)
    before = list(rows_of(MOVEMENT))
    assert len({each.order_id for each in audit()}) == 3  # nothing is committed yet
    for _ in range(2):
        open_pending_orders()
        assert opened() == [
            (mug.id, first, 1, 5, 5),
            (mug.id, changed, 2, 4, 9),
            (mug.id, third, 1, 2, 11),
            (pen.id, first, 1, 1, 1),
        ]
        assert (in_stock(mug), committed(mug)) == (35, 11)
        assert (in_stock(pen), committed(pen)) == (49, 1)
        assert list(audit()) == []
    assert list(rows_of(MOVEMENT).exclude(reason="opened")) == before


def test_orders_from_before_go_on_as_others_do(mug: ProductSnapshot, orders: list[Order]) -> None:
    open_pending_orders()
    first, changed, third = orders
    ship_order(order_id=first.pk, actor="x")
    update_order(order_id=changed.pk, quantity=1)
    cancel_order(order_id=third.pk, actor="x")
    make_order(line(mug.id, 7))
    assert (in_stock(mug), committed(mug)) == (33, 8)
    assert list(audit()) == []


def test_orders_that_the_new_code_has_placed_already_are_left_alone(
    mug: ProductSnapshot, orders: list[Order]
) -> None:
    make_order(line(mug.id, 7))
    open_pending_orders()
    assert (committed(mug), len(opened())) == (18, 4)
    assert list(audit()) == []


def test_an_empty_shop_has_nothing_to_commit() -> None:
    open_pending_orders()
    assert opened() == []

"""What waits for a lock takes its time afterwards, by the database's clock."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.orders.models import Order, OrderEvent
from apps.orders.operations import OrderChange, cancel_order, change_order, place_order
from apps.orders.tests.factories import line, make_order, shop_request
from apps.products.models import Product, StockMovement
from apps.products.operations import change_stock, create_product, update_product
from apps.products.stock.many_products import Adjustment, adjust_stock
from config.databases import LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS
from monoservices.database.engines import engine
from tests.test_statement_budgets import statements

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "reference" / "api" / "lists.md"
SOON = 10.0


@pytest.fixture
def product() -> Product:
    return create_product(sku="MUG", name="Mug", price="1.00", stock_quantity=50)


@contextmanager
def held(product: Product) -> Iterator[list[datetime]]:
    """Hold the product's lock during the block; yields a list that gets the time of its end."""
    released: list[datetime] = []
    with transaction.atomic():
        Product.objects.lock().get(pk=product.pk)
        yield released
        released.append(engine().now())


def in_a_thread(work: Callable[[], Any]) -> Thread:
    """Begin the work in a thread, which has a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


def wait_for_the_lock(
    work: Callable[[], Any], product: Product, *, meanwhile: Callable[[], Any] = lambda: None
) -> datetime:
    """Let somebody else do the work, who waits for the product. Return when the wait ended."""
    with held(product) as released:
        thread = in_a_thread(work)
        wait_until_somebody_waits()
        meanwhile()
    thread.join(SOON)
    return released[0]


def wait_until_somebody_waits() -> None:
    """SQLite does not say who waits; there, this gives the other thread time to begin."""
    if connection.vendor == "sqlite":
        time.sleep(0.3)
        return
    end = time.monotonic() + LOCK_TIMEOUT_MS / 1_000
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
    raise AssertionError("nobody waits")


def place(product: Product, order: Order) -> None:
    place_order(shop_request(line(product.pk)))


def cancel(product: Product, order: Order) -> None:
    cancel_order(order_id=order.pk, actor="x")


def change(product: Product, order: Order) -> None:
    change_order(order_id=order.pk, change=OrderChange(quantity=3), actor="x")


def receive(product: Product, order: Order) -> None:
    change_stock(product_id=product.pk, delta=1, reason="received", actor="x")


def receive_many(product: Product, order: Order) -> None:
    adjust_stock(
        adjustments=[Adjustment(path="", sku="MUG", delta=1, reason="received")], actor="x"
    )


def rename(product: Product, order: Order) -> None:
    update_product(product_id=product.pk, name="Cup", stock_quantity=9)


OPERATIONS = [place, cancel, change, receive, receive_many, rename]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_waits_for_a_product_is_of_afterwards(product: Product, operation: Any) -> None:
    order = make_order(line(product.pk, 2))
    movements = set(StockMovement.objects.values_list("pk", flat=True))
    released = wait_for_the_lock(lambda: operation(product, order), product)
    product.refresh_from_db()
    assert product.updated_at > released
    [movement] = StockMovement.objects.exclude(pk__in=movements)
    assert movement.created_at > released
    if operation in (cancel, change):
        order.refresh_from_db()
        assert order.updated_at > released
        event = OrderEvent.objects.latest("pk")
        assert event.created_at == order.updated_at


@pytest.mark.skipif(
    "connection.vendor == 'sqlite'", reason="the clock of its machine is SQLite's clock"
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_workers_own_clock_does_not_matter(
    product: Product, operation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order(line(product.pk, 2))
    began = engine().now()
    wrong = timezone.now() + timedelta(hours=1)
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: wrong)
        operation(product, order)
        new = create_product(name="Pot", price="1.00", stock_quantity=1)
    ended = engine().now()
    product.refresh_from_db()
    times = [product.updated_at, new.created_at, new.updated_at]
    times += Order.objects.exclude(pk=order.pk).values_list("created_at", flat=True)
    times += StockMovement.objects.order_by("-pk").values_list("created_at", flat=True)[:2]
    if operation in (cancel, change):
        times += Order.objects.filter(pk=order.pk).values_list("updated_at", flat=True)
    assert [each for each in times if not began <= each <= ended] == []


def documented_overlap() -> timedelta:
    [minutes] = re.findall(r"subtract ([0-9]+) minutes", GUIDE.read_text())
    return timedelta(minutes=int(minutes))


@pytest.mark.skipif(
    "connection.vendor == 'sqlite'", reason="writers come one after the other, as their times do"
)
def test_an_order_that_waits_is_found_with_the_documented_overlap(product: Product) -> None:
    """Its time is of before the wait. The control without an overlap never finds it."""
    other = create_product(name="Pot", price="1.00", stock_quantity=5)
    newer: list[datetime] = []

    def place_another_meanwhile() -> None:
        placed = place_order(shop_request(line(other.pk)))
        newer.append(Order.objects.get(pk=placed.id).updated_at)

    wait_for_the_lock(
        lambda: place_order(shop_request(line(product.pk))),
        product,
        meanwhile=lambda: in_a_thread(place_another_meanwhile).join(SOON),
    )
    waited = Order.objects.exclude(updated_at=newer[0])
    assert waited.filter(updated_at__gt=newer[0]).count() == 0  # the control
    assert waited.filter(updated_at__gt=newer[0] - documented_overlap()).count() == 1


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="it has no statement_timeout")
def test_the_overlap_is_longer_than_all_statements_after_the_clock(product: Product) -> None:
    """Placing has the most: all of its statements, and COMMIT. Each ends by its timeout."""
    request = shop_request(line(product.pk))
    with statements() as executed:
        place_order(request)
    longest = timedelta(milliseconds=(len(executed) + 1) * STATEMENT_TIMEOUT_MS)
    assert longest <= documented_overlap()

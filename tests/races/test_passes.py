"""What placing has read changes before it writes: step by step, on two connections.

On SQLite nothing can happen in between: a writer is alone from BEGIN on.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.orders.microservice_communication import ProductSnapshot, take_stock
from apps.orders.models import Order
from apps.orders.operations import (
    OrderChange,
    change_order,
    confirm_order,
    place_order,
    place_orders,
)
from apps.orders.placing import attempt
from apps.orders.placing.requests import PlacedOrder
from apps.orders.tests.factories import line, make_order, shop_request
from apps.orders.tests.product_rows import in_stock, make_product
from apps.products.models import Product
from apps.products.operations import change_stock, update_product
from monoservices.database.statements import enqueue
from tests.books import assert_books_balance

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="SQLite lets nobody write between a read and a write"
    ),
]


def elsewhere(call: Callable[[], Any]) -> Any:
    """Call it on another connection, wait for it, and return the result."""

    def run() -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(run).result(timeout=10)


@contextmanager
def before_each_write(*steps: Callable[[], Any]) -> Iterator[None]:
    """In each pass of placing, take the next of these steps between reading and writing."""
    remaining = list(steps)

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if remaining and sql.startswith("INSERT INTO orders_order "):
            elsewhere(remaining.pop(0))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield
    assert not remaining


def change_price(product: ProductSnapshot, price: str) -> Callable[[], Any]:
    return lambda: update_product(product_id=product.id, price=price)


def lock_at_once(product: ProductSnapshot) -> None:
    """Raises OperationalError if somebody else has locked the product."""
    with transaction.atomic():
        Product.objects.select_for_update(nowait=True, no_key=True).get(pk=product.id)


def test_a_price_that_changes_in_between_is_the_price() -> None:
    mug, pen = make_product(price="5.00"), make_product(price="1.00")
    with before_each_write(change_price(mug, "6.00")):
        placed = place_order(shop_request(line(mug.id, 2), line(pen.id, 1)))
    assert Order.objects.get(pk=placed.id).total == Decimal("13.00")
    assert_books_balance()


def test_control_without_the_second_look_the_old_price_is_the_price(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attempt, "take_stock", lambda *, moves, prices, at: take_stock(moves=moves))
    mug = make_product(price="5.00")
    with before_each_write(change_price(mug, "6.00")):
        placed = place_order(shop_request(line(mug.id, 2)))
    assert Order.objects.get(pk=placed.id).total == Decimal("10.00")


def test_an_order_that_expects_the_old_price_is_refused() -> None:
    mug = make_product(price="5.00")
    expecting = shop_request(line(mug.id), expected_total=Decimal("5.00"))
    with before_each_write(change_price(mug, "6.00")):
        [refused, placed] = place_orders([expecting, shop_request(line(mug.id))])
    assert getattr(refused, "code", None) == "price_changed"
    assert isinstance(placed, PlacedOrder)
    assert Order.objects.get().total == Decimal("6.00")


def test_a_product_that_is_archived_in_between_is_refused() -> None:
    mug = make_product()
    with before_each_write(lambda: update_product(product_id=mug.id, is_active=False)):
        [refused] = place_orders([shop_request(line(mug.id))])
    assert getattr(refused, "code", None) == "product_unavailable"
    assert Order.objects.count() == 0
    assert in_stock(mug) == 10


def test_units_that_go_in_between_are_gone() -> None:
    mug = make_product(stock=3)
    with before_each_write(lambda: place_order(shop_request(line(mug.id, 2)))):
        [refused, placed] = place_orders([shop_request(line(mug.id, n)) for n in (2, 1)])
    assert getattr(refused, "errors", None) == {"quantity": ["There are 1 in stock."]}
    assert isinstance(placed, PlacedOrder)
    assert in_stock(mug) == 0
    assert_books_balance()


def test_units_that_come_in_between_do_not_matter() -> None:
    mug = make_product(stock=3)
    receive = {"product_id": mug.id, "delta": 1, "reason": "received", "actor": "x"}
    with before_each_write(lambda: change_stock(**receive)):  # type: ignore[arg-type]
        place_order(shop_request(line(mug.id, 3)))
    assert in_stock(mug) == 1
    assert_books_balance()


def test_the_second_pass_holds_what_it_has_read() -> None:
    mug = make_product(price="5.00")
    refused: list[str] = []

    def try_to_lock() -> None:
        try:
            lock_at_once(mug)
        except OperationalError as error:
            refused.append(str(error).partition("\n")[0])

    with before_each_write(change_price(mug, "6.00"), try_to_lock):
        placed = place_order(shop_request(line(mug.id)))
    assert Order.objects.get(pk=placed.id).total == Decimal("6.00")
    assert refused == ['could not obtain lock on row in relation "products_product"']


def test_the_first_pass_holds_nothing() -> None:
    mug = make_product()
    with before_each_write(lambda: lock_at_once(mug)):
        place_order(shop_request(line(mug.id)))
    assert in_stock(mug) == 9


def test_a_revoked_key_holds_nothing_in_the_second_pass() -> None:
    mug, pen = make_product(price="5.00"), make_product()
    requests = [shop_request(line(mug.id)), shop_request(line(pen.id))]
    asked: list[tuple[bool, ...]] = []
    answers = iter([(True, True), (True, False)])

    def check() -> Callable[[], Sequence[bool]]:
        found = enqueue("SELECT 1")

        def read() -> Sequence[bool]:
            assert found.fetch() == [(1,)]
            asked.append(next(answers))
            return asked[-1]

        return read

    with before_each_write(change_price(mug, "6.00"), lambda: lock_at_once(pen)):
        [placed, refused] = place_orders(requests, check=check)
    assert (isinstance(placed, PlacedOrder), refused) == (True, None)
    assert (in_stock(mug), in_stock(pen)) == (9, 10)
    assert asked == [(True, True), (True, False)]
    assert_books_balance()


def test_the_third_pass_sees_a_key_that_came_during_the_second() -> None:
    mug, pen = make_product(), make_product()
    with before_each_write(
        change_price(mug, "6.00"), lambda: place_order(shop_request(line(pen.id), key="k"))
    ):
        [outcome] = place_orders([shop_request(line(mug.id), key="k")])
    assert getattr(outcome, "code", None) == "idempotency_key_reused"
    assert (in_stock(mug), in_stock(pen)) == (10, 9)
    assert_books_balance()


def test_a_price_that_is_about_to_change_when_stock_is_taken_is_waited_for() -> None:
    mug = make_product(price="5.00")
    request = shop_request(line(mug.id))

    def place() -> PlacedOrder:
        try:
            return place_order(request)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        with transaction.atomic():
            update_product(product_id=mug.id, price="6.00")
            placed: Future[PlacedOrder] = pool.submit(place)
            wait_until_somebody_waits()
        order_id = placed.result(timeout=10).id
    assert Order.objects.get(pk=order_id).total == Decimal("6.00")
    assert_books_balance()


def wait_until_somebody_waits() -> None:
    """Return when another connection waits for a lock. Raises TimeoutError after ten seconds."""
    for _ in range(1_000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.01)
    raise TimeoutError


# Expired holds


def expired_hold(product: ProductSnapshot, quantity: int = 1) -> Order:
    return make_order(
        line(product.id, quantity), hold_seconds=60, at=timezone.now() - timedelta(hours=1)
    )


@contextmanager
def before_locking_holds(step: Callable[[], Any]) -> Iterator[None]:
    """Take the step when a batch is about to lock expired holds."""
    remaining = [step]

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if remaining and "AS wanted" in sql:
            elsewhere(remaining.pop())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield
    assert not remaining


def test_a_hold_that_is_confirmed_before_it_is_locked_stays() -> None:
    mug = make_product(stock=1)
    order = expired_hold(mug)
    with before_locking_holds(lambda: confirm_order(order_id=order.pk, actor="x")):
        [refused] = place_orders([shop_request(line(mug.id))])
    assert getattr(refused, "code", None) == "out_of_stock"
    order.refresh_from_db()
    assert (order.status, order.held_until) == ("pending", None)
    assert_books_balance()


def test_a_hold_that_grows_before_it_is_locked_gives_back_all_of_it() -> None:
    mug = make_product(stock=3)
    order = expired_hold(mug, 1)
    place_order(shop_request(line(mug.id, 2)))
    assert in_stock(mug) == 0
    receive = {"product_id": mug.id, "delta": 4, "reason": "received", "actor": "x"}

    def grow() -> None:
        change_stock(**receive)  # type: ignore[arg-type]
        change_order(order_id=order.pk, change=OrderChange(quantity=5), actor="x")

    with before_locking_holds(grow):
        place_order(shop_request(line(mug.id)))
    assert in_stock(mug) == 4
    assert_books_balance()


def test_a_hold_that_waits_for_its_confirmation_is_waited_for() -> None:
    mug = make_product(stock=1)
    order = expired_hold(mug)
    request = shop_request(line(mug.id))

    def place() -> str:
        try:
            return place_orders([request])[0].code  # type: ignore[union-attr]
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        with transaction.atomic():
            confirm_order(order_id=order.pk, actor="x")
            refused: Future[str] = pool.submit(place)
            wait_until_somebody_waits()
        assert refused.result(timeout=10) == "out_of_stock"
    assert_books_balance()


def test_a_hold_that_is_locked_for_too_long_is_left_alone() -> None:
    mug, pen = make_product(stock=1), make_product(stock=1)
    order, free = expired_hold(mug), expired_hold(pen)
    requests = [
        shop_request(line(mug.id)),
        shop_request(line(pen.id)),
        shop_request(line(pen.id), replaces=order.pk),
    ]

    def place() -> list[str]:
        return [getattr(each, "code", "placed") for each in place_orders(requests)]

    with transaction.atomic():
        Order.objects.select_for_update(no_key=True).get(pk=order.pk)
        assert elsewhere(place) == ["out_of_stock", "placed", "unavailable"]
    free.refresh_from_db()
    assert free.canceled_because == "expired"
    assert_books_balance()


def test_a_sold_out_product_without_expired_holds_costs_no_second_pass() -> None:
    mug, pen = make_product(stock=0), make_product(stock=1)
    expired_hold(pen)  # of another product
    with before_each_write(), CaptureQueriesContext(connection) as captured:
        [refused] = place_orders([shop_request(line(mug.id))])
    assert getattr(refused, "code", None) == "out_of_stock"
    assert [query["sql"] for query in captured if "FOR NO KEY UPDATE" in query["sql"]] == []

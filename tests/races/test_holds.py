"""Holds are confirmed, taken back, replaced and bought by many at once."""

from collections import Counter
from itertools import chain

import pytest

from apps.orders.holding.statements import Ending, released
from apps.orders.microservice_communication import take_stock
from apps.orders.models import Order, OrderEvent
from apps.orders.operations import (
    confirm_order,
    place_orders,
    sweep_expired_holds,
)
from apps.orders.placing.holds import EXPIRED, Hold
from apps.orders.placing.requests import PlacedOrder
from apps.orders.tests.factories import line, make_order, shop_request
from apps.orders.tests.product_rows import in_stock, make_product
from apps.orders.tests.test_holding import hold
from apps.products.models import Product, StockMovement
from tests.books import assert_books_balance
from tests.races.controls import drop_constraints
from tests.races.workers import WORKERS, Workers, meet

ORDERS = 5
BUYERS = 198
"""As many for each worker."""


def confirm_or_sweep(job: tuple[int, list[int]]) -> None:
    """Confirm the orders if the number is odd, else sweep what has expired."""
    number, order_ids = job
    for order_id in order_ids:
        if number % 2:
            confirm_order(order_id=order_id, actor="x")
        else:
            sweep_expired_holds(1)


def take_back_after_a_look(job: tuple[int, int]) -> None:
    """Confirm the order if the number is 0, else take it back; after a look, without a lock."""
    number, order_id = job
    order = Order.objects.get(pk=order_id)
    [ordered] = order.lines.all()
    meet()
    assert order.is_held
    if number == 0:
        Order.objects.filter(pk=order_id).update(held_until=None)
        return
    units = {ordered.product_id: ordered.quantity}
    looked_at = Hold(order_id, order.client_id, 1, "", is_held=True, has_expired=True, units=units)
    take_stock(moves=released([Ending(looked_at, EXPIRED, "x")]))


def replace(order_id: int) -> str:
    """Replace the order by one of another product; return what became of it."""
    order = Order.objects.get(pk=order_id)
    [ordered] = order.lines.all()
    [outcome] = place_orders([shop_request(line(ordered.product_id), replaces=order_id)])
    return "placed" if isinstance(outcome, PlacedOrder) else outcome.code


def buy(job: tuple[int, int]) -> list[str]:
    """Place so many orders of one unit each, a few in a batch; return what became of them."""
    product_id, number = job
    outcomes = []
    for few in (min(7, number - begun) for begun in range(0, number, 7)):
        outcomes += place_orders([shop_request(line(product_id)) for _ in range(few)])
    return ["placed" if isinstance(each, PlacedOrder) else each.code for each in outcomes]


def test_confirming_and_sweeping_leave_firm_orders_that_have_their_units(workers: Workers) -> None:
    product = make_product(stock=2 * ORDERS)
    orders = [hold(line(product.id, 2)) for _ in range(ORDERS)]
    jobs = [(number, [order.pk for order in orders]) for number in range(WORKERS)]
    workers.run(confirm_or_sweep, jobs)
    assert set(Order.objects.values_list("status", "held_until")) == {("pending", None)}
    kinds = Counter(OrderEvent.objects.values_list("type", flat=True))
    assert kinds["confirmed"] + kinds["revived"] == ORDERS
    assert kinds["canceled"] == kinds["revived"]
    assert in_stock(product) == 0
    assert_books_balance()


@pytest.mark.usefixtures("control")
def test_control_taking_back_after_a_look_gives_units_back_that_are_sold(workers: Workers) -> None:
    drop_constraints(StockMovement, "movement_once_per_revision", "movement_committed_in_bounds")
    drop_constraints(Product, "product_committed_in_bounds")
    product = make_product(stock=2)
    order = hold(line(product.id, 2))
    workers.run(take_back_after_a_look, [(number, order.pk) for number in range(WORKERS)])
    order.refresh_from_db()
    assert (order.status, order.held_until) == ("pending", None)
    assert in_stock(product) == 2 * (WORKERS - 1)


@pytest.mark.parametrize("is_expired", [False, True])
def test_one_of_many_orders_replaces_a_hold(workers: Workers, is_expired: bool) -> None:
    product = make_product(stock=2)
    order = (
        hold(line(product.id, 2))
        if is_expired
        else make_order(line(product.id, 2), hold_seconds=600)
    )
    outcomes = Counter(workers.run(replace, [order.pk] * WORKERS))
    assert outcomes == {"placed": 1, "illegal_transition": WORKERS - 1}
    order.refresh_from_db()
    assert (order.status, order.canceled_because) == ("canceled", "requested")
    assert in_stock(product) == 1
    assert_books_balance()


def test_units_in_expired_holds_are_sold_exactly_once(workers: Workers) -> None:
    product = make_product(stock=50)
    for _ in range(30):
        hold(line(product.id))
    jobs = [(product.id, BUYERS // WORKERS)] * WORKERS
    outcomes = Counter(chain(*workers.run(buy, jobs)))
    assert outcomes == {"placed": 50, "out_of_stock": BUYERS - 50}
    assert Order.objects.filter(canceled_because="expired").count() == 30
    assert in_stock(product) == 0
    assert_books_balance()


def buy_or_sweep(job: tuple[int, int]) -> list[str]:
    """Buy as `buy` does, and sweep if the number is odd."""
    product_id, number = job
    if number % 2:
        return buy((product_id, BUYERS // WORKERS))
    for _ in range(10):
        sweep_expired_holds(3)
    return []


def test_buying_and_sweeping_sell_units_in_expired_holds_once(workers: Workers) -> None:
    product = make_product(stock=50)
    for _ in range(30):
        hold(line(product.id))
    jobs = [(product.id, number) for number in range(WORKERS)]
    outcomes = Counter(chain(*workers.run(buy_or_sweep, jobs)))
    assert outcomes == {"placed": 50, "out_of_stock": BUYERS // 2 - 50}
    assert Order.objects.filter(canceled_because="expired").count() == 30
    assert in_stock(product) == 0
    assert_books_balance()

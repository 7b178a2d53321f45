"""An order is canceled and changed by many at once."""

from collections import Counter

import pytest
from django.utils import timezone

from apps.orders.exceptions import IllegalTransition
from apps.orders.microservice_communication import take_stock
from apps.orders.models import Order, OrderEvent
from apps.orders.operations import OrderChange, cancel_order, change_order
from apps.orders.placing.statements import stock_moves, write_events
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import in_stock, make_product
from apps.products.models import Product, StockMovement
from tests.books import assert_books_balance
from tests.races.controls import drop_constraints
from tests.races.workers import WORKERS, Workers, meet

ORDERS = 5


def cancel_all(order_ids: list[int]) -> None:
    for order_id in order_ids:
        cancel_order(order_id=order_id, actor="x")


def change_or_cancel(job: tuple[int, list[int]]) -> Counter[str]:
    """Cancel the orders if the number is odd, else set their quantity to number + 3."""
    number, order_ids = job
    outcomes: Counter[str] = Counter()
    for order_id in order_ids:
        try:
            if number % 2:
                cancel_order(order_id=order_id, actor="x")
            else:
                change = OrderChange(quantity=number + 3)
                change_order(order_id=order_id, change=change, actor="x")
            outcomes["canceled" if number % 2 else "changed"] += 1
        except IllegalTransition:
            outcomes["refused"] += 1
    return outcomes


def cancel_after_a_look(order_id: int) -> None:
    """Cancel an order that was pending when it was read, without a lock."""
    order = Order.objects.get(pk=order_id)
    [ordered] = order.lines.all()
    meet()
    if order.status == Order.Status.PENDING:
        Order.objects.filter(pk=order_id).update(status=Order.Status.CANCELED)
        write_events({order_id: "x"}, "canceled", versions={order_id: 2}, at=timezone.now())
        taken = {ordered.product_id: -ordered.quantity}
        take_stock(moves=stock_moves(order_id, taken, revision=2, actor="x"))


def change_or_cancel_after_a_look(job: tuple[int, int]) -> None:
    """Cancel the order if the number is 0; if it is 1, order three more; without a lock."""
    number, order_id = job
    order = Order.objects.get(pk=order_id)
    [ordered] = order.lines.all()
    meet()
    if number > 1 or order.status != Order.Status.PENDING:
        return
    if number == 0:
        Order.objects.filter(pk=order_id).update(status=Order.Status.CANCELED)
        taken = {ordered.product_id: -ordered.quantity}
    else:
        order.lines.update(quantity=ordered.quantity + 3)
        taken = {ordered.product_id: 3}
    take_stock(moves=stock_moves(order_id, taken, revision=2, actor="x"))


def test_canceling_puts_the_stock_back_once(workers: Workers) -> None:
    product = make_product(stock=100)
    orders = [make_order(line(product.id, 2)) for _ in range(ORDERS)]
    assert in_stock(product) == 100 - 2 * ORDERS
    workers.run(cancel_all, [[order.pk for order in orders]] * WORKERS)
    assert set(Order.objects.values_list("status", "version")) == {("canceled", 2)}
    assert OrderEvent.objects.filter(type="canceled").count() == ORDERS
    assert in_stock(product) == 100
    assert_books_balance()


@pytest.mark.usefixtures("control")
def test_control_looking_first_puts_the_stock_back_many_times(workers: Workers) -> None:
    drop_constraints(OrderEvent, "event_once_per_version")
    drop_constraints(StockMovement, "movement_once_per_revision", "movement_committed_in_bounds")
    drop_constraints(Product, "product_committed_in_bounds")
    product = make_product(stock=100)
    order = make_order(line(product.id, 2))
    workers.run(cancel_after_a_look, [order.pk] * WORKERS)
    assert in_stock(product) == 98 + 2 * WORKERS


def test_changing_and_canceling_leave_a_canceled_order_and_all_stock(workers: Workers) -> None:
    product = make_product(stock=100)
    orders = [make_order(line(product.id, 2)) for _ in range(ORDERS)]
    jobs = [(number, [order.pk for order in orders]) for number in range(WORKERS)]
    outcomes = sum(workers.run(change_or_cancel, jobs), Counter())
    changes = OrderEvent.objects.filter(type="changed").count()
    assert outcomes["changed"] == changes
    assert outcomes["canceled"] == ORDERS * WORKERS // 2
    assert outcomes["refused"] == ORDERS * WORKERS // 2 - changes
    assert set(Order.objects.values_list("status", flat=True)) == {"canceled"}
    assert in_stock(product) == 100
    assert_books_balance()


@pytest.mark.usefixtures("control")
def test_control_changing_after_a_look_takes_stock_for_a_canceled_order(workers: Workers) -> None:
    product = make_product(stock=100)
    order = make_order(line(product.id, 2))
    jobs = [(number, order.pk) for number in range(WORKERS)]
    workers.run(change_or_cancel_after_a_look, jobs)
    order.refresh_from_db()
    assert order.status == Order.Status.CANCELED
    assert in_stock(product) == 97

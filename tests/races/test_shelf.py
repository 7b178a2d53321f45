"""The shelf is counted while its units are sold and shipped."""

import pytest

from apps.orders.microservice_communication import client_id_for
from apps.orders.operations import cancel_order, place_orders, ship_order
from apps.orders.placing.requests import PlacedOrder
from apps.orders.tests.factories import line, make_order, shop_request
from apps.orders.tests.product_rows import committed, in_stock, make_product
from apps.products.models import Product, StockMovement
from apps.products.operations import change_stock, count_stock
from apps.products.stock.movements import record_movement
from monoservices.database.engines import engine
from tests.books import assert_books_balance
from tests.races.workers import WORKERS, Workers, meet

SHELF = 40
TURNS = 4


def sell_or_count(job: tuple[int, int]) -> int:
    """One worker counts what lies there, the others sell and cancel. Returns how many were sold.

    In each turn everybody waits until the others have sold, so that each count finds units sold.
    """
    number, product_id = job
    for _ in range(TURNS):
        if number == 0:
            meet()
            count_stock(product_id=product_id, counted=SHELF, actor="x")
            continue
        [first] = place_orders([shop_request(line(product_id))])
        assert isinstance(first, PlacedOrder)
        meet()
        [second] = place_orders([shop_request(line(product_id))])
        assert isinstance(second, PlacedOrder)
        cancel_order(order_id=second.id, actor="x")
    return TURNS if number else 0


def count_what_can_be_sold(job: tuple[int, int]) -> int:
    """The same, but counting compares with what can be sold: units of orders count twice."""
    number, product_id = job
    if number:
        [placed] = place_orders([shop_request(line(product_id))])
        meet()
        return isinstance(placed, PlacedOrder)
    meet()
    product = Product.objects.get(pk=product_id)
    delta = SHELF - product.stock_quantity
    change_stock(product_id=product_id, delta=delta, reason="corrected", actor="x")
    return 0


def test_a_count_of_the_shelf_leaves_it_as_it_is_whatever_is_sold_meanwhile(
    workers: Workers,
) -> None:
    product = make_product(stock=SHELF)
    client_id_for(built_in="console")
    sold = sum(workers.run(sell_or_count, [(number, product.id) for number in range(WORKERS)]))
    assert sold == (WORKERS - 1) * TURNS
    assert (in_stock(product), committed(product)) == (SHELF - sold, sold)
    counts = StockMovement.objects.filter(reason="counted")
    assert [count.delta for count in counts] == [0] * TURNS
    assert_books_balance()


def test_control_a_count_of_what_can_be_sold_adds_what_is_promised(workers: Workers) -> None:
    product = make_product(stock=SHELF)
    client_id_for(built_in="console")
    jobs = [(number, product.id) for number in range(WORKERS)]
    sold = sum(workers.run(count_what_can_be_sold, jobs))
    assert in_stock(product) + committed(product) == SHELF + sold


def sell_the_last(job: tuple[int, int]) -> str:
    """One worker counts that only one is there, the others want one unit each."""
    number, product_id = job
    if number == 0:
        count_stock(product_id=product_id, counted=1, actor="x")
        return "counted"
    [outcome] = place_orders([shop_request(line(product_id))])
    return "placed" if isinstance(outcome, PlacedOrder) else outcome.code


def test_what_is_missing_is_never_sold_once_it_is_counted(workers: Workers) -> None:
    """A count may find less than is promised. Nobody buys after it, whoever comes first."""
    product = make_product(stock=WORKERS)
    client_id_for(built_in="console")
    outcomes = workers.run(sell_the_last, [(number, product.id) for number in range(WORKERS)])
    placed = outcomes.count("placed")
    assert placed + outcomes.count("out_of_stock") == WORKERS - 1
    assert in_stock(product) + committed(product) == 1
    assert committed(product) == placed
    count = StockMovement.objects.get(reason="counted")
    after = StockMovement.objects.filter(reason="sold", pk__gt=count.pk)
    assert [each.quantity_after for each in after] in ([], [0])
    assert_books_balance()


def ship_or_count(job: tuple[int, int, int]) -> None:
    number, product_id, order_id = job
    if number % 2:
        ship_order(order_id=order_id, actor="x")
    else:
        change_stock(product_id=product_id, delta=1, reason="received", actor="x")


def test_shipping_and_receiving_at_once_keep_the_books(workers: Workers) -> None:
    product = make_product(stock=SHELF)
    orders = [make_order(line(product.id, 2)) for _ in range(WORKERS)]
    jobs = [(number, product.id, order.pk) for number, order in enumerate(orders)]
    workers.run(ship_or_count, jobs)
    shipped = WORKERS // 2
    assert in_stock(product) == SHELF - 2 * WORKERS + (WORKERS - shipped)
    assert committed(product) == 2 * (WORKERS - shipped)
    assert_books_balance()


def look_and_ship(job: tuple[int, int]) -> None:
    """Take two units off the shelf that was read, without a lock."""
    _, product_id = job
    product = Product.objects.get(pk=product_id)
    product.committed_quantity -= 2
    meet()
    product.save()
    record_movement(
        product=product,
        delta=0,
        committed_delta=-2,
        reason="shipped",
        actor="x",
        at=engine().now(),
    )


def test_control_shipping_after_a_look_breaks_the_books(workers: Workers) -> None:
    product = make_product(stock=SHELF)
    for _ in range(WORKERS):
        make_order(line(product.id, 2))
    workers.run(look_and_ship, [(number, product.id) for number in range(WORKERS)])
    assert committed(product) == 2 * (WORKERS - 1)
    with pytest.raises(AssertionError):
        assert_books_balance()

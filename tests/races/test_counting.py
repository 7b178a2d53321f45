"""Stock is counted and received while it is sold."""

import pytest

from apps.orders.microservice_communication import client_id_for
from apps.orders.operations import place_orders
from apps.orders.placing.requests import PlacedOrder
from apps.orders.tests.factories import line, shop_request
from apps.orders.tests.product_rows import in_stock, make_product
from apps.products.models import Product, StockMovement
from apps.products.operations import change_stock, count_stock, update_product
from apps.products.stock.movements import record_movement
from monoservices.database.engines import engine
from tests.books import assert_books_balance, assert_ledger_balances
from tests.races.workers import WORKERS, Workers, meet

ROUNDS = 6


def work(job: tuple[int, int]) -> int:
    """Count, receive, correct and sell in turn; each worker begins with another of these.

    Returns how many orders were placed.
    """
    number, product_id = job
    placed = 0
    for turn in range(number, number + ROUNDS):
        match turn % 4:
            case 0:
                count_stock(product_id=product_id, counted=50, actor="x")
            case 1:
                change_stock(product_id=product_id, delta=7, reason="received", actor="x")
            case 2:
                update_product(product_id=product_id, stock_quantity=40)
            case _:
                [outcome] = place_orders([shop_request(line(product_id, 3))])
                placed += isinstance(outcome, PlacedOrder)
    return placed


def count_after_a_look(job: tuple[int, int]) -> None:
    """Record a count of 50 + number against the stock that was read, without a lock."""
    number, product_id = job
    product = Product.objects.get(pk=product_id)
    delta = 50 + number - product.stock_quantity
    product.stock_quantity += delta
    meet()
    product.save()
    record_movement(product=product, delta=delta, reason="counted", actor="x", at=engine().now())


def test_the_ledger_holds_while_everything_moves(workers: Workers) -> None:
    product = make_product(stock=60)
    client_id_for(built_in="console")
    placed = workers.run(work, [(number, product.id) for number in range(WORKERS)])
    sold = StockMovement.objects.filter(reason="sold")
    assert len(sold) == sum(placed) == 8
    assert_books_balance()


def test_control_counting_after_a_look_breaks_the_ledger(workers: Workers) -> None:
    product = make_product(stock=60)
    workers.run(count_after_a_look, [(number, product.id) for number in range(WORKERS)])
    assert 50 <= in_stock(product) < 50 + WORKERS
    with pytest.raises(AssertionError):
        assert_ledger_balances()

"""Batches of orders that want the same products, in different orders."""

from collections import Counter

import pytest
from django.db import OperationalError, connection, transaction

from apps.orders.microservice_communication import client_id_for
from apps.orders.models import Order
from apps.orders.operations import place_orders
from apps.orders.placing.requests import PlacedOrder
from apps.orders.tests.factories import line, shop_request
from apps.orders.tests.product_rows import in_stock, make_product
from apps.products.models import Product
from tests.books import assert_books_balance
from tests.races.workers import WORKERS, Workers, meet

PRODUCTS = 20
BATCHES = 5


def place_batches(job: tuple[int, list[int]]) -> int:
    """Place batches of one order for each product, half of the workers in the other order.

    Returns how many were placed.
    """
    number, product_ids = job
    placed = 0
    for _ in range(BATCHES):
        mine = product_ids[:: 1 if number % 2 else -1]
        outcomes = place_orders([shop_request(line(each)) for each in mine])
        placed += sum(isinstance(outcome, PlacedOrder) for outcome in outcomes)
    return placed


def take_two_in_turn(product_ids: tuple[int, int]) -> str:
    """Change two products in one transaction, in the given order; return what became of it."""
    try:
        with transaction.atomic():
            Product.objects.filter(pk=product_ids[0]).update(description="taken")
            meet()
            Product.objects.filter(pk=product_ids[1]).update(description="taken")
    except OperationalError as error:
        return str(error).partition("\n")[0]
    return "done"


@pytest.mark.parametrize("stock", [1_000, WORKERS * BATCHES // 2])
def test_batches_never_wait_for_each_other_in_a_circle(workers: Workers, stock: int) -> None:
    products = [make_product(stock=stock) for _ in range(PRODUCTS)]
    client_id_for(built_in="console")
    jobs = [(number, [product.id for product in products]) for number in range(WORKERS)]
    each = min(stock, WORKERS * BATCHES)
    assert sum(workers.run(place_batches, jobs)) == PRODUCTS * each
    assert Order.objects.count() == PRODUCTS * each
    assert {in_stock(product) for product in products} == {stock - each}
    assert_books_balance()


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite has one lock, which nobody can wait for in turn"
)
def test_control_taking_products_in_different_orders_is_a_deadlock(workers: Workers) -> None:
    pairs = [(make_product().id, make_product().id) for _ in range(WORKERS // 2)]
    crossed = [(second, first) for first, second in pairs]
    outcomes = Counter(workers.run(take_two_in_turn, [*pairs, *crossed]))
    assert outcomes == {"deadlock detected": WORKERS // 2, "done": WORKERS // 2}

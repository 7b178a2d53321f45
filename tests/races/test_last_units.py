"""Many want the last units of a product."""

from collections import Counter
from itertools import chain

import pytest
from django.db import connection

from apps.orders.microservice_communication import (
    StockMove,
    client_id_for,
    read_products,
    take_stock,
)
from apps.orders.models import Order
from apps.orders.operations import place_orders
from apps.orders.placing.deciding import Accepted, decide
from apps.orders.placing.requests import PlacedOrder
from apps.orders.tests.factories import line, request, shop_request
from apps.orders.tests.product_rows import in_stock, make_product
from apps.products.models import StockMovement
from tests.books import assert_books_balance
from tests.races.controls import drop_constraints
from tests.races.workers import WORKERS, Workers, meet, meeting_after_reading

ATTEMPTS = 4
"""How many orders each worker tries to place."""


def buy(product_id: int) -> list[str]:
    """Place orders, one unit each; return what became of them."""
    outcomes: list[str] = []
    with meeting_after_reading():
        for _ in range(ATTEMPTS):
            [outcome] = place_orders([shop_request(line(product_id))])
            outcomes.append("placed" if isinstance(outcome, PlacedOrder) else outcome.code)
    return outcomes


def buy_without_a_transaction(product_id: int) -> list[str]:
    """Read, decide and take one unit, as placing does, but without a transaction."""
    order = request(line(product_id))
    [product] = read_products(ids=[product_id])
    [decision] = decide([order], [product], {})
    meet()
    assert isinstance(decision, Accepted)
    reference = order.idempotency_key
    sold = StockMove(
        product_id=product_id,
        delta=-1,
        committed_delta=1,
        reason="sold",
        reference=reference,
        revision=1,
        actor="x",
    )
    take_stock(moves=[sold], prices={product_id: product.price})
    return ["placed"]


@pytest.mark.parametrize("stock", [1, 7, WORKERS * ATTEMPTS - 1])
def test_exactly_the_last_units_are_sold(workers: Workers, stock: int) -> None:
    product = make_product(stock=stock)
    client_id_for(built_in="console")  # before the race, which is not about this
    outcomes = Counter(chain(*workers.run(buy, [product.id] * WORKERS)))
    assert outcomes == {"placed": stock, "out_of_stock": WORKERS * ATTEMPTS - stock}
    assert Order.objects.count() == stock
    assert in_stock(product) == 0
    assert_books_balance()


@pytest.mark.usefixtures("control")
def test_control_without_the_checks_it_oversells(workers: Workers) -> None:
    """On PostgreSQL with the real code; on SQLite with code that has no transaction."""
    drop_constraints(StockMovement, "movement_sale_leaves_stock")
    product = make_product(stock=1)
    client_id_for(built_in="console")
    task = buy if connection.vendor == "postgresql" else buy_without_a_transaction
    workers.run(task, [product.id] * WORKERS)
    assert in_stock(product) == 1 - WORKERS

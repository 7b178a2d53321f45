"""Prices change while orders are placed."""

from collections import Counter
from decimal import Decimal
from itertools import chain

from django.db import transaction

from apps.orders.microservice_communication import client_id_for
from apps.orders.models import Order
from apps.orders.operations import place_orders
from apps.orders.placing.requests import PlacedOrder
from apps.orders.tests.factories import line, shop_request
from apps.orders.tests.product_rows import make_product
from apps.products.operations import update_product
from tests.books import assert_books_balance
from tests.races.workers import WORKERS, Workers

ROUNDS = 8
PRICES = ("1.00", "2.00")


def change_or_order(job: tuple[int, list[int]]) -> list[str]:
    """As worker 0, change both prices together, many times; as another, order one of each."""
    number, product_ids = job
    outcomes: list[str] = []
    for turn in range(ROUNDS):
        if number == 0:
            with transaction.atomic():
                for product_id in product_ids:
                    update_product(product_id=product_id, price=PRICES[(turn + 1) % 2])
            continue
        lines = [line(product_id) for product_id in product_ids]
        expected = Decimal("2.00") if number == 1 else None
        [outcome] = place_orders([shop_request(*lines, expected_total=expected)])
        outcomes.append("placed" if isinstance(outcome, PlacedOrder) else outcome.code)
    return outcomes


def test_an_order_never_mixes_prices(workers: Workers) -> None:
    product_ids = [make_product(price=PRICES[0], stock=1_000).id for _ in range(2)]
    client_id_for(built_in="console")
    jobs = [(number, product_ids) for number in range(WORKERS)]
    _, careful, *others = workers.run(change_or_order, jobs)
    assert set(careful) <= {"placed", "price_changed"}
    assert Counter(chain(*others)) == {"placed": (WORKERS - 2) * ROUNDS}
    for order in Order.objects.with_lines():
        assert len({ordered.unit_price for ordered in order.lines.all()}) == 1
    assert_books_balance()

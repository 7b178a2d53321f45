"""The measurement of shops that grow, with tiny ones, and what fills them."""

import sys
from collections.abc import Iterator

import pytest

from benchmarks import growth
from benchmarks.filling import add_orders
from benchmarks.growth import Cost, Shop, fill, measure, table
from benchmarks.postgres import Postgres
from benchmarks.servers import run
from tests.__main__ import SETTINGS
from tests.postgres import PostgresServer

KINDS = ("place an order", "read an order", "first page of orders", "random page of orders")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with PostgresServer() as running:
        yield Postgres(running)


@pytest.fixture(scope="module")
def shop(server: Postgres) -> Shop:
    """Filled in two steps."""
    filled = fill(server, 23)
    with server.connect(filled.database) as connection:
        add_orders(connection, 20)
    return filled


def test_what_is_filled_is_right(server: Postgres, shop: Shop) -> None:
    with server.connect(shop.database) as connection:
        counted = connection.execute("SELECT status, count(*) FROM orders_order GROUP BY status")
        by_status = dict(counted.fetchall())
    assert by_status == {"canceled": 4, "delivered": 5, "pending": 29, "shipped": 5}
    command = [sys.executable, "manage.py", "reconcile"]
    told = run(command, env=SETTINGS | {"DATABASE_URL": server.url(shop.database)})
    assert told == "The books are right.\n"


def test_each_size_is_measured_in_each_round(
    server: Postgres, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes about 10 seconds, for a server has to start."""
    monkeypatch.setattr(growth, "WARM_UP_SECONDS", 0.1)
    monkeypatch.setattr(growth, "fill", lambda server, size: shop)
    costs = measure(server, [43], rounds=1, seconds=0.3, connections=2)
    assert list(costs) == [(43, kind) for kind in KINDS]
    assert all(cost.server > 0 for [cost] in costs.values())


def test_ratios_are_against_the_smallest_shop_in_the_same_round() -> None:
    costs = {
        (10_000, "place"): [Cost(100, 50), Cost(200, 50), Cost(400, 50)],
        (1_000_000, "place"): [Cost(110, 50), Cost(200, 50), Cost(480, 50)],
    }
    row = table(costs).splitlines()[2]
    assert row == "| place | server | 200 | 200 | 1.10 (1.00 – 1.20) |"

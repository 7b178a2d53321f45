"""The measurement of upgrades, with a tiny shop that has every migration already."""

import time
from collections.abc import Iterator

import pytest

from benchmarks.postgres import Postgres
from benchmarks.servers import ROOT
from benchmarks.upgrade import DATABASE, Seen, measure, table, watching
from tests.postgres import PostgresServer

HELD_SECONDS = 0.3
TABLES = """
    CREATE TABLE orders_order (id int, total int, updated_at timestamptz);
    CREATE TABLE orders_orderline (order_id int, product_id int, quantity int);
    CREATE TABLE products_product (id int, stock_quantity int, updated_at timestamptz);
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with PostgresServer() as running:
        yield Postgres(running)


def test_what_is_filled_is_migrated_and_right(server: Postgres) -> None:
    """It takes about 10 seconds, for commands have to start."""
    applied, seen, books = measure(server, ROOT, orders=20)
    assert (applied, books) == ({}, "The books are right.")
    assert set(seen.waits) == {"read", "write"}


def test_a_lock_is_seen_and_waited_for(server: Postgres) -> None:
    server.create(DATABASE)
    with server.connect(DATABASE) as connection:
        connection.execute(TABLES)
        with watching(lambda: server.connect(DATABASE)) as seen, connection.transaction():
            connection.execute("LOCK TABLE orders_order IN ACCESS EXCLUSIVE MODE")
            time.sleep(HELD_SECONDS)
    assert min(seen.waits.values()) > HELD_SECONDS / 2
    assert list(seen.locks) == [("orders_order", "AccessExclusiveLock")]
    assert seen.locks["orders_order", "AccessExclusiveLock"] > HELD_SECONDS / 2


def test_seconds_waits_and_locks_have_a_table_each() -> None:
    locks = {("orders_order", "ShareLock"): 0.0254}
    shown = table({"orders.0009_words": 1.5, "orders.0010_more": 0.3}, Seen({"read": 0.004}, locks))
    rows = [row for row in shown.splitlines() if row.startswith("| ")]
    assert rows == [
        "| migration | seconds |",
        "| --- | ---: |",
        "| orders.0009_words | 1.5 |",
        "| orders.0010_more | 0.3 |",
        "| all | 1.8 |",
        "| another client | longest wait, ms |",
        "| --- | ---: |",
        "| read | 4 |",
        "| table | lock | held, ms |",
        "| --- | --- | ---: |",
        "| orders_order | ShareLock | 25 |",
    ]

"""Every reader, served as it is measured, answers the same rows as Tradepost."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from django.db import connection

from benchmarks import tradepost
from benchmarks.databases import SQLiteDatabases
from benchmarks.designs import PRODUCTS
from benchmarks.load import Request
from benchmarks.postgres import Postgres, postgres
from benchmarks.reads.__main__ import DATABASE, ON_SQLITE
from benchmarks.reads.beside_orders import ALONE, BESIDE, measure_beside
from benchmarks.reads.checking import check, requests, walk
from benchmarks.reads.data import prepare, searches
from benchmarks.reads.measuring import count_statements, measure
from benchmarks.reads.readers import (
    LISTS,
    ORDER,
    PRODUCT,
    READERS,
    SEARCH,
    Cell,
    cells,
    request,
    serve,
)
from benchmarks.servers import BenchmarkError, ServerProcess

ROWS = 1_000
"""Products, and orders: 100 of them are the client's."""

CURSORS = {"first page of products": 49, "first page of orders": 4}
"""By list, how many pages of 20 follow the first."""

STATEMENTS = {
    "litestar": (3, 4),
    "ninja": (2, 3),
    "drf_cursor": (2, 3),
}
"""By reader, the statements for a product, and for an order with its lines: the key is one of them,
and with asyncpg the reset of a connection that goes back into the pool."""


class Shop(NamedTuple):
    """A filled shop, with all readers. loads: by kind and reader."""

    postgres: Postgres
    servers: Mapping[str, ServerProcess]
    secret: str
    loads: Mapping[tuple[str, str], Request]


def wanted() -> list[tuple[str, str]]:
    return list(dict.fromkeys((cell.kind, cell.reader) for cell in cells()))


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    if connection.vendor != "postgresql":
        pytest.skip("The shop is filled with PostgreSQL's SQL")
    with postgres() as server:
        server.create(DATABASE)
        secret = prepare(server, DATABASE, rows=ROWS)
        server.log_statements(DATABASE)
        texts = {SEARCH: searches(500, rows=ROWS, seed=1)}
        with serve(server.url(DATABASE), names=[*READERS]) as servers:
            loads = requests(servers, wanted(), secret=secret, count=ROWS, texts=texts, lists=LISTS)
            yield Shop(server, servers, secret, loads)


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_answers_the_same_rows(shop: Shop, reader: str) -> None:
    names = {reader, "tradepost"}
    loads = {key: load for key, load in shop.loads.items() if names.issuperset(key[1:])}
    assert {name for _, name in loads} == names
    check(shop.servers, loads)


def test_a_reader_that_answers_other_rows_is_found(shop: Shop) -> None:
    other = request("first page of orders", "litestar", secret=shop.secret, rows=ROWS)
    loads = {
        ("first page of products", "tradepost"): shop.loads["first page of products", "tradepost"],
        ("first page of products", "litestar"): other,
    }
    with pytest.raises(
        BenchmarkError, match=r"litestar, first page of products: .*; 0\.created_at"
    ):
        check(shop.servers, loads)


@pytest.mark.parametrize("reader", [name for name in READERS if name != "drf_numbers"])
def test_a_list_is_walked_to_its_end(shop: Shop, reader: str) -> None:
    server = shop.servers[READERS[reader].server]
    for kind, expected in CURSORS.items():
        first = request(kind, reader, secret=shop.secret, rows=ROWS)
        cursors = walk(server, first)
        assert len({*cursors}) == len(cursors) == expected
        assert len(walk(server, first, pages=2)) == 2


def test_rates_and_processor_time_are_measured(shop: Shop) -> None:
    plan = [Cell(kind, "litestar", 2) for kind in (PRODUCT, ORDER)]
    results = measure(shop.servers, shop.loads, plan, database=shop.postgres, rounds=1, seconds=0.3)
    assert list(results) == plan
    for [read] in results.values():
        assert read.load.rate > 0
        assert not any(read.load.errors.values())
        assert min(read.server_us, read.database_us) > 0


def test_statements_are_counted(shop: Shop) -> None:
    loads = {
        (kind, name): shop.loads[kind, name] for name in STATEMENTS for kind in (PRODUCT, ORDER)
    }
    counts = count_statements(shop.postgres, DATABASE, shop.servers, loads)
    assert {name: (counts[PRODUCT, name], counts[ORDER, name]) for name in STATEMENTS} == STATEMENTS


def test_orders_are_placed_beside_reads(shop: Shop) -> None:
    shop.postgres.execute(DATABASE, "UPDATE products_product SET stock_quantity = 1000000")
    results = measure_beside(shop.servers["tradepost"], shop.secret, rounds=1, seconds=0.5)
    assert list(results) == [ALONE, *BESIDE]
    for name, [mixed] in results.items():
        assert mixed.orders.acknowledged > 0
        assert not any(mixed.orders.errors.values())
        assert (mixed.reads is None) is (name == ALONE)
        assert mixed.reads is None or not any(mixed.reads.errors.values())


def test_readers_answer_the_same_products_on_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("The readers have an SQLite database of their own")
    monkeypatch.setattr(tradepost, "HISTORY", "")
    url, secret = SQLiteDatabases(tmp_path).fresh(tradepost.prepare)
    asked = [(PRODUCT, name) for name in ON_SQLITE]
    with serve(url, names=ON_SQLITE) as servers:
        check(servers, requests(servers, asked, secret=secret, count=PRODUCTS, texts={}, lists={}))

"""Compare reads over HTTP from a large shop: `python -m benchmarks.reads [--rows N]`.

It starts and fills PostgreSQL, serves Tradepost and its rivals, checks that their rows are the
same, and loads them in turn. Then it measures reads beside orders, and products on SQLite. With the
default N it writes tables and plots to docs/, and the figures to `benchmarks/results/reads.json`.
The exit status is 1 if Tradepost failed to answer a request.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import tradepost
from benchmarks.databases import PostgresDatabases, SQLiteDatabases
from benchmarks.designs import PRODUCTS
from benchmarks.postgres import Postgres, postgres
from benchmarks.reads.beside_orders import Rounds, beside_table, measure_beside
from benchmarks.reads.checking import check, requests
from benchmarks.reads.data import prepare, searches
from benchmarks.reads.measuring import Results, count_statements, measure
from benchmarks.reads.readers import FEW, LISTS, PRODUCT, READERS, SEARCH, Cell, cells, serve
from benchmarks.reads.tables import median_rates, plots, ratio_table, table
from benchmarks.report import RESULTS, environment, write_json, write_parts

ROWS = 1_000_000
DATABASE = "reads"
PACKAGES = {
    name: name
    for name in ("gunicorn", "uvicorn", "litestar", "asyncpg", "django-ninja", "pydantic")
}
ON_SQLITE = ("tradepost", "tradepost_django", "drf_cursor")
Statements = dict[tuple[str, str], float]


def main(arguments: Sequence[str]) -> int:
    """Return the exit status."""
    options = _options(arguments)
    how = {"rounds": options.rounds, "seconds": options.seconds}
    with postgres() as server:
        results, statements = on_postgresql(server, rows=options.rows, **how)
        url, secret = PostgresDatabases(server).fresh(tradepost.prepare)
        with tradepost.tradepost().serve(url) as [shop]:
            beside = measure_beside(shop, secret, **how)
        version = server.version
    sqlite = on_sqlite(**how)
    rates = median_rates(results)
    machine = environment(postgresql=version, packages=PACKAGES)
    line = (
        f"{options.rows:,} rows, medians of {options.rounds} rounds of {options.seconds} seconds. "
        f"{machine['processors']}, Python {machine['Python']}, PostgreSQL {version}."
    )
    parts = {
        "reads": f"{ratio_table(rates)}\n{line}",
        "reads-beside-orders": beside_table(beside),
        "reads-on-sqlite": ratio_table(median_rates(sqlite)),
        "read-tables": f"{table(results, statements)}\n{line}",
    }
    print("\n".join(parts.values()))
    complete = options.rows == ROWS
    path = RESULTS / ("reads.json" if complete else "reads-quick.json")
    write_json(
        path,
        {
            "environment": machine,
            "options": {**how, "rows": options.rows},
            "postgresql": _runs(results, statements),
            "sqlite": _runs(sqlite, {}),
            "beside_orders": _mixed(beside),
        },
    )
    print(f"Results: {path}", file=sys.stderr)
    if complete:
        write_parts(parts | {"read-plots": plots(rates)})
    return int(_failed(results) or _failed(sqlite))


def on_postgresql(
    server: Postgres, *, rows: int, rounds: int, seconds: float
) -> tuple[Results, Statements]:
    """Fill a shop, compare the readers' rows, measure and count. Raises BenchmarkError."""
    server.create(DATABASE)
    secret = prepare(server, DATABASE, rows=rows)
    wanted = list(dict.fromkeys((cell.kind, cell.reader) for cell in cells()))
    texts = {SEARCH: searches(500, rows=rows, seed=1)}
    with serve(server.url(DATABASE), names=[*READERS]) as servers:
        loads = requests(servers, wanted, secret=secret, count=rows, texts=texts, lists=LISTS)
        check(servers, loads)
        results = measure(servers, loads, cells(), database=server, rounds=rounds, seconds=seconds)
    server.log_statements(DATABASE)
    with serve(server.url(DATABASE), names=[*READERS]) as servers:
        return results, count_statements(server, DATABASE, servers, loads)


def on_sqlite(*, rounds: int, seconds: float) -> Results:
    """Read products of a small shop by their ids. Raises BenchmarkError if rows differ."""
    wanted = [(PRODUCT, name) for name in ON_SQLITE]
    with tempfile.TemporaryDirectory(prefix="tradepost-sqlite-") as directory:
        databases = SQLiteDatabases(Path(directory))
        url, secret = databases.fresh(tradepost.prepare)
        with serve(url, names=ON_SQLITE) as servers:
            loads = requests(servers, wanted, secret=secret, count=PRODUCTS, texts={}, lists={})
            check(servers, loads)
            plan = [Cell(PRODUCT, name, FEW) for name in ON_SQLITE]
            return measure(servers, loads, plan, database=databases, rounds=rounds, seconds=seconds)


def _runs(results: Results, statements: Statements) -> list[dict[str, Any]]:
    return [
        cell._asdict()
        | {"statements": statements.get((cell.kind, cell.reader))}
        | {"rates": [each.load.rate for each in rounds]}
        | {"p50_ms": [each.load.p50_ms for each in rounds]}
        | {"p99_ms": [each.load.p99_ms for each in rounds]}
        | {"server_us": [round(each.server_us, 1) for each in rounds]}
        | {"database_us": [round(each.database_us, 1) for each in rounds]}
        | {"errors": [each.load.errors for each in rounds]}
        for cell, rounds in results.items()
    ]


def _mixed(results: Rounds) -> list[dict[str, Any]]:
    return [
        {"beside": name, "orders": vars(each.orders), "reads": each.reads and vars(each.reads)}
        for name, rounds in results.items()
        for each in rounds
    ]


def _failed(results: Results) -> bool:
    """Whether Tradepost failed to answer a request."""
    return any(
        sum(each.load.errors.values())
        for cell, rounds in results.items()
        if READERS[cell.reader].server == "tradepost"
        for each in rounds
    )


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reads", description=__doc__)
    parser.add_argument(
        "--rows", type=int, default=ROWS, help="how many products, and how many orders"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of load in each round")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    # Exit normally on SIGTERM, so that the servers are stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))

"""How long a search for orders takes in a large shop: `python -m benchmarks.search [--orders N]`.

SQL fills a shop as `benchmarks.growth` does. Tradepost is served as it starts, and 16 connections
search for texts of one kind after another: such that one order has, that hundreds of thousands
have, and that none has. Then one worker takes orders with and without a reference and an e-mail
address, with and without the indexes of the search, in turn. They share a shop, so that the table
has grown alike.
"""

import argparse
import random
import signal
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from benchmarks.designs import PRODUCTS
from benchmarks.generator import apply_load
from benchmarks.growth import fill
from benchmarks.load import LoadResult, Request
from benchmarks.postgres import Postgres, postgres
from benchmarks.report import markdown_table
from benchmarks.rounds import in_turn
from benchmarks.servers import ROOT, BenchmarkError
from benchmarks.tradepost import tradepost
from benchmarks.versions import Version, load, place

ORDERS = 1_000_000
CONNECTIONS = 16
TEXTS = 500
"""How many texts of a kind are drawn from, at most."""
WARM_UP_SECONDS = 1.0
INDEXES = ("order_by_part_of_text", "product_by_part_of_sku")
BARE = '{"product_id": {id}, "quantity": 1}'
KINDS = ("with reference and e-mail address", "without them")
"""Of orders to place."""
INDEX = "order_by_part_of_text"


class Searched(NamedTuple):
    """A round of a kind of text. database_us: of PostgreSQL's processor time for a request."""

    load: LoadResult
    database_us: float


def texts(orders: int) -> dict[str, list[str]]:
    """Texts to search for, by kind, encoded for a query string."""
    drawn = random.Random(orders)  # noqa: S311 - repeatable
    numbers = [drawn.randint(1, orders) for _ in range(TEXTS)]
    return {
        "a whole reference": [f"r-{number}" for number in numbers],
        "the end of a reference": [f"-{number % orders:06}"[-5:] for number in numbers],
        "the beginning of references": [f"R-{digit}" for digit in range(1, 10)],
        "a whole e-mail address": [f"customer{n % 100_000}%40example.com" for n in numbers],
        "the beginning of addresses": [f"CUSTOMER{digit}" for digit in range(1, 10)],
        "every address": ["%40example.com"],
        "a SKU": [f"P-{100 + number % (PRODUCTS - 100)}" for number in numbers],
        "every SKU": ["p-1", "p-2"],
        "nothing": ["zzz", *(f"r-{number}x" for number in numbers)],
    }


def measure_searches(
    server: Postgres, database: str, secret: str, *, orders: int, rounds: int, seconds: float
) -> dict[str, list[Searched]]:
    """The rounds of each kind. Raises BenchmarkError if a request fails."""
    headers = {"Authorization": f"Bearer {secret}", "Accept": "application/json"}
    requests = {
        kind: Request("GET", "/api/v1/orders/?search={text}", headers, texts=sent)
        for kind, sent in texts(orders).items()
    }
    results: dict[str, list[Searched]] = {kind: [] for kind in requests}
    with tradepost().serve(server.url(database)) as [worker]:
        for number, kind in enumerate(in_turn(list(requests), rounds=rounds)):
            how = {"connections": CONNECTIONS, "seed": number}
            apply_load(worker.port, requests[kind], seconds=WARM_UP_SECONDS, **how)
            begin = server.cpu_seconds()
            done = apply_load(worker.port, requests[kind], seconds=seconds, **how)
            if any(done.errors.values()):
                raise BenchmarkError(f"{kind}: {done.errors}")
            used = 1e6 * (server.cpu_seconds() - begin) / done.acknowledged
            results[kind].append(Searched(done, used))
            shown = f"{done.rate:,.0f} requests/s, p99 {done.p99_ms:,.1f} ms, {used:,.0f} µs"
            print(f"{kind}: {shown}", file=sys.stderr, flush=True)
    return results


def measure_orders(
    server: Postgres, database: str, secret: str, *, rounds: int, seconds: float
) -> dict[str, list[float]]:
    """By kind of order: its processor time with the index, divided by that without, in each round.

    It copies the database. Raises BenchmarkError if a request fails.
    """
    without = f"{database}_without"
    server.create(without, template=database)
    with server.connect(without) as connection:
        connection.execute(f"DROP INDEX {INDEX}".encode())
    full = place(secret)
    kinds = dict(zip(KINDS, (full, replace(full, body=BARE)), strict=True))
    ratios: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(rounds):
        costs: dict[tuple[str, str], float] = {}
        for name in in_turn([database, without], rounds=1 + number % 2):
            with Version(ROOT).serve(server.url(name)) as worker:
                for kind, request in kinds.items():
                    how = {"connections": CONNECTIONS, "seed": number}
                    load(worker, request, seconds=WARM_UP_SECONDS, **how)
                    begin = worker.cpu_seconds() + server.cpu_seconds()
                    done = load(worker, request, seconds=seconds, **how).acknowledged
                    end = worker.cpu_seconds() + server.cpu_seconds()
                    costs[name, kind] = 1e6 * (end - begin) / done
        for kind in kinds:
            ratios[kind].append(costs[database, kind] / costs[without, kind])
            shown = f"{costs[without, kind]:,.0f} to {costs[database, kind]:,.0f} µs"
            print(f"an order {kind}: {shown}", file=sys.stderr, flush=True)
    return ratios


def table_of_searches(results: Mapping[str, Sequence[Searched]]) -> str:
    """Render medians over the rounds of each kind."""
    rows = []
    for kind, rounds in results.items():
        loads = [each.load for each in rounds]
        rows.append(
            [
                kind,
                f"{statistics.median(each.rate for each in loads):,.0f}",
                f"{statistics.median(each.p50_ms for each in loads):,.1f}",
                f"{statistics.median(each.p99_ms for each in loads):,.1f}",
                f"{statistics.median(each.database_us for each in rounds):,.0f}",
            ]
        )
    return markdown_table(["text", "requests/s", "p50 ms", "p99 ms", "CPU µs: database"], rows)


def table_of_orders(ratios: Mapping[str, Sequence[float]]) -> str:
    """Render what the index costs: medians over the rounds."""
    rows = [
        [kind, f"{statistics.median(each):.2f}", f"{min(each):.2f} – {max(each):.2f}"]
        for kind, each in ratios.items()
    ]
    return markdown_table(["order", "CPU, times without", "lowest – highest"], rows)


def main(arguments: Sequence[str]) -> None:
    options = _options(arguments)
    how = {"rounds": options.rounds, "seconds": options.seconds}
    with postgres() as server:
        shop = fill(server, options.orders)
        searches = measure_searches(server, shop.database, shop.secret, orders=shop.orders, **how)
        orders = measure_orders(server, shop.database, shop.secret, **how)
    print(table_of_searches(searches))
    print(table_of_orders(orders))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS, help=f"default: {ORDERS:,}")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--seconds", type=float, default=3, help="of each load; default: 3")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    # Exit normally on SIGTERM, so that the servers are stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    main(sys.argv[1:])

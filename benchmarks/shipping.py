"""How fast orders are shipped: `python -m benchmarks.shipping [--connections N …]`.

One worker takes two kinds of request in turn, in the same shop: it places orders of one line, and
it ships such orders, each of them whole and once. Rates and processor time of a request, of the
server and of PostgreSQL together, are medians; the last column compares the processor time of a
shipment with that of an order in the same round.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.databases import Databases, PostgresDatabases
from benchmarks.generator import apply_load
from benchmarks.load import LoadResult, Request
from benchmarks.postgres import postgres
from benchmarks.report import markdown_table
from benchmarks.rounds import in_turn
from benchmarks.servers import ROOT, BenchmarkError, ServerProcess
from benchmarks.versions import Version, load, place

PLACE = "place"
SHIP = "ship"
SCOPE = "orders:manage"
CONNECTIONS = (16, 64)
WARM_UP_SECONDS = 3.0
STOCKPILE_SECONDS = 15.0
"""How long orders are placed to be shipped, so that few of them are drawn twice."""

Cell = tuple[str, int]
"""A kind of request, and how many connections send it."""


class Figures(NamedTuple):
    """Of one load. rate: what was done per second. spent: microseconds of processor time."""

    rate: float
    spent: float


def ship(secret: str, *, orders: int) -> Request:
    """Ship one of so many orders. One that is shipped already is refused."""
    headers = {
        "Authorization": f"Bearer {secret}",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Idempotency-Key": "{key}",
    }
    return Request("POST", "/api/v1/orders/{id}/shipments/", headers, "{}", ids=orders)


def measure(
    databases: Databases, *, rounds: int, seconds: float, connections: Sequence[int]
) -> dict[Cell, list[Figures]]:
    """Figures by cell, one for each round. Raises BenchmarkError if a request fails."""
    version = Version(ROOT)
    url, secret = databases.fresh(version.prepare)
    staff = version.manage(url, "createkey", "staff", f"--scope={SCOPE}").strip()
    results: dict[Cell, list[Figures]] = {
        (kind, count): [] for count in connections for kind in (PLACE, SHIP)
    }
    with version.serve(url) as server:
        load(server, place(secret), seconds=STOCKPILE_SECONDS, connections=64, seed=0)
        [orders] = databases.row("SELECT max(id) FROM orders_order")
        kinds = {PLACE: place(secret), SHIP: ship(staff, orders=orders)}
        _load(server, kinds[SHIP], WARM_UP_SECONDS, connections=max(connections), seed=0)
        for number, (kind, count) in enumerate(in_turn(list(results), rounds=rounds), start=1):
            begin = server.cpu_seconds() + databases.cpu_seconds()
            done = _load(server, kinds[kind], seconds, connections=count, seed=number)
            spent = server.cpu_seconds() + databases.cpu_seconds() - begin
            answers = done.acknowledged + done.errors["status"]
            results[kind, count].append(Figures(done.rate, 1e6 * spent / answers))
            print(f"{kind}, {count}: {done.rate:,.0f} per second", file=sys.stderr)
    return results


def _load(
    server: ServerProcess, request: Request, seconds: float, *, connections: int, seed: int
) -> LoadResult:
    done = apply_load(server.port, request, connections=connections, seconds=seconds, seed=seed)
    if done.unknown or not done.acknowledged or ("{id}" in request.body and done.errors["status"]):
        raise BenchmarkError(f"{request.path}: {done}\n{server.log}")
    return done


def table(results: dict[Cell, list[Figures]]) -> str:
    """Render medians, and the medians of the ratios to placing in the same round."""
    rows = []
    for (kind, count), figures in results.items():
        placed = results[PLACE, count]
        ratios = [a.spent / b.spent for a, b in zip(figures, placed, strict=True)]
        rate = statistics.median(each.rate for each in figures)
        spent = statistics.median(each.spent for each in figures)
        ratio = f"{statistics.median(ratios):.2f}"
        rows.append([kind, str(count), f"{rate:,.0f}", f"{spent:,.0f}", ratio])
    columns = ["request", "connections", "per second", "CPU, µs", "against placing"]
    return markdown_table(columns, rows)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.shipping",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    options = parser.parse_args(arguments)
    with postgres() as server:
        results = measure(PostgresDatabases(server), **vars(options))
    print(table(results))


if __name__ == "__main__":
    main(sys.argv[1:])

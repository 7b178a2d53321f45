"""What a hold costs: `python -m benchmarks.holds [--connections N …]`.

One worker takes three kinds of order in turn, in the same shop: firm ones, held ones, and ones for
a product that is sold out and has no holds that expired, which are refused. Ratios are of the
processor time of a request, of the server and of PostgreSQL together, against firm orders in the
same round, so that a machine that drifts does not matter. The last column is the median of them.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from tempfile import NamedTemporaryFile

from benchmarks.databases import Databases, PostgresDatabases
from benchmarks.designs import PRICE, PRODUCTS
from benchmarks.generator import apply_load
from benchmarks.load import Request
from benchmarks.postgres import postgres
from benchmarks.report import markdown_table
from benchmarks.rounds import in_turn
from benchmarks.servers import ROOT, BenchmarkError, ServerProcess
from benchmarks.versions import Version, place

FIRM = "firm"
HELD = "held"
SOLD_OUT = "sold out"
HOLD_SECONDS = 86_400
WARM_UP_SECONDS = 3.0
CONNECTIONS = (16, 256)
SOLD_OUT_PRODUCT = f"sku,name,price,stock_quantity\nSOLD-OUT,Sold out,{PRICE},0\n"
"""A file to import. Its product comes after the PRODUCTS that are sold."""

Cell = tuple[str, int]
"""A kind of order, and how many connections send it."""


def requests(secret: str) -> dict[str, Request]:
    """The kinds of order."""
    firm = place(secret)
    sold_out = replace(firm, first=PRODUCTS + 1, ids=1)
    held = firm.body.replace('"quantity": 1', f'"quantity": 1, "hold_seconds": {HOLD_SECONDS}')
    return {FIRM: firm, HELD: replace(firm, body=held), SOLD_OUT: sold_out}


def measure(
    databases: Databases, *, rounds: int, seconds: float, connections: Sequence[int]
) -> dict[Cell, list[float]]:
    """Microseconds of processor time for a request, by cell, one for each round.

    Raises BenchmarkError if an answer is not what it must be.
    """
    version = Version(ROOT)
    url, secret = databases.fresh(partial(_prepare, version))
    kinds = requests(secret)
    results: dict[Cell, list[float]] = {
        (kind, count): [] for count in connections for kind in kinds
    }
    with version.serve(url) as server:
        _load(server, kinds, FIRM, WARM_UP_SECONDS, connections=max(connections), seed=0)
        for number, (kind, count) in enumerate(in_turn(list(results), rounds=rounds), start=1):
            begin = server.cpu_seconds() + databases.cpu_seconds()
            answers = _load(server, kinds, kind, seconds, connections=count, seed=number)
            spent = server.cpu_seconds() + databases.cpu_seconds() - begin
            results[kind, count].append(1e6 * spent / answers)
            print(f"{kind}, {count}: {results[kind, count][-1]:,.0f} µs", file=sys.stderr)
    return results


def _prepare(version: Version, url: str) -> str:
    secret = version.prepare(url)
    with NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(SOLD_OUT_PRODUCT)
        file.flush()
        version.manage(url, "import_products", file.name)
    return secret


def _load(
    server: ServerProcess,
    kinds: dict[str, Request],
    kind: str,
    seconds: float,
    *,
    connections: int,
    seed: int,
) -> int:
    """Load the server, and return the number of answers."""
    done = apply_load(server.port, kinds[kind], connections=connections, seconds=seconds, seed=seed)
    refused = done.errors["status"]
    if done.unknown or (done.acknowledged if kind == SOLD_OUT else refused):
        raise BenchmarkError(f"{kind}: {done}\n{server.log}")
    return done.acknowledged + refused


def table(results: dict[Cell, list[float]]) -> str:
    """Render medians, and the medians of the ratios to firm orders of the same round."""
    rows = []
    for (kind, count), spent in results.items():
        ratios = [a / b for a, b in zip(spent, results[FIRM, count], strict=True)]
        median = f"{statistics.median(spent):,.0f}"
        rows.append([kind, str(count), median, f"{statistics.median(ratios):.2f}"])
    return markdown_table(["order", "connections", "CPU, µs", "against firm"], rows)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.holds",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    options = parser.parse_args(arguments)
    with postgres() as server:
        results = measure(PostgresDatabases(server), **vars(options))
    print(table(results))


if __name__ == "__main__":
    main(sys.argv[1:])

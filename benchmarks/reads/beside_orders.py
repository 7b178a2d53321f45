"""How many orders four connections place, alone and beside sixty that read as fast as they can."""

import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.designs import PRODUCTS
from benchmarks.generator import apply_load
from benchmarks.load import LoadResult
from benchmarks.reads.readers import PRODUCT, READERS, request
from benchmarks.report import markdown_table
from benchmarks.rounds import in_turn
from benchmarks.servers import ServerProcess
from benchmarks.tradepost import tradepost

ORDERING, READING = 4, 60
MARGIN_SECONDS = 0.5
"""How long readers read before the first order, and after the last one."""

ALONE = "alone"
BESIDE = ("tradepost", "tradepost_django")
"""The readers that read beside."""


@dataclass(frozen=True)
class Mixed:
    """One round. reads: None where nobody reads."""

    orders: LoadResult
    reads: LoadResult | None = None


Rounds = dict[str, list[Mixed]]
"""By reader, and ALONE."""


def measure_beside(server: ServerProcess, secret: str, *, rounds: int, seconds: float) -> Rounds:
    """Place orders for one of 1,000 products, and read these products, in turn."""
    results: Rounds = {name: [] for name in (ALONE, *BESIDE)}
    _order(server, secret, seconds=1, seed=0)
    for number, name in enumerate(in_turn([*results], rounds=rounds)):
        mixed = _round(server, secret, name, seconds=seconds, seed=number + 1)
        results[name].append(mixed)
        reads = f", {mixed.reads.rate:,.0f} reads/s" if mixed.reads else ""
        print(f"{name}: {mixed.orders.rate:,.0f} orders/s{reads}", file=sys.stderr, flush=True)
    return results


def _round(server: ServerProcess, secret: str, name: str, *, seconds: float, seed: int) -> Mixed:
    if name == ALONE:
        return Mixed(_order(server, secret, seconds=seconds, seed=seed))
    with ThreadPoolExecutor(1) as thread:
        reads = thread.submit(
            apply_load,
            server.port,
            request(PRODUCT, name, secret=secret, rows=PRODUCTS),
            connections=READING,
            seconds=seconds + 2 * MARGIN_SECONDS,
            seed=seed,
        )
        time.sleep(MARGIN_SECONDS)
        orders = _order(server, secret, seconds=seconds, seed=seed)
        return Mixed(orders, reads.result())


def _order(server: ServerProcess, secret: str, *, seconds: float, seed: int) -> LoadResult:
    order = tradepost().request(secret=secret, products=PRODUCTS, lines=1)
    return apply_load(server.port, order, connections=ORDERING, seconds=seconds, seed=seed)


def beside_table(results: Rounds) -> str:
    """Render medians, and how many times the orders are those of the four alone."""
    alone = _median([each.orders for each in results[ALONE]])
    rows = []
    for name, several in results.items():
        reads = [each.reads for each in several if each.reads]
        orders = [each.orders for each in several]
        errors = sum(sum(each.errors.values()) for each in [*orders, *reads])
        rows.append(
            [
                f"{READING} read, {READERS[name].title}" if reads else f"{ORDERING} alone",
                f"{_median(orders):,.0f}",
                f"{statistics.median(each.p99_ms for each in orders):,.1f}",
                f"{_median(reads):,.0f}" if reads else "–",
                str(errors),
                f"{_median(orders) / alone:.2f}",
            ]
        )
    header = ("beside", "orders/s", "p99 ms", "reads/s", "errors", "times alone")
    return markdown_table(header, rows)


def _median(several: Sequence[LoadResult]) -> float:
    return statistics.median(each.rate for each in several)

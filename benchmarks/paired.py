"""Compare two versions: `python -m benchmarks.orders --compare BEFORE [AFTER]`.

BEFORE and AFTER are commits, or directories with a checkout. Both serve copies of the same kind of
shop, in turn. Each round measures both, one right after the other, so that a machine that drifts
does not matter, and figures are compared within a round.

Rates of the same code differ by a third between runs on a busy machine, and processor time by much
less. So the processor time of a request, of the server and of PostgreSQL together, decides.
"""

import statistics
import sys
from collections.abc import Mapping, Sequence
from math import comb
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.asking import ask
from benchmarks.databases import Databases
from benchmarks.designs import PATH, PRODUCTS
from benchmarks.load import Request
from benchmarks.report import markdown_table
from benchmarks.rounds import in_turn
from benchmarks.servers import ServerProcess
from benchmarks.versions import Version, load, place

START_SECONDS = 3.0
"""How long a server is loaded before its first measurement: the start of its housekeeper takes
processor time, too."""
WARM_UP_SECONDS = 0.5
NOTEWORTHY = 0.02
"""The smallest change that counts."""
CONFIDENCE = 0.95
ORDERS = "place an order"
READ_AT = (16, 256)
"""The connections at which reads are compared, unless others are asked for."""


class Figures(NamedTuple):
    """Of one load. server, database: microseconds of processor time for a request."""

    server: float
    database: float
    rate: float

    @property
    def cpu(self) -> float:
        return self.server + self.database


Cell = tuple[str, int]
"""A kind of request, and how many connections send it."""
Results = dict[str, dict[Cell, list[Figures]]]
"""By version, one for each round."""


def requests(secret: str, *, orders: int) -> dict[str, Request]:
    """The requests to compare. orders: how many there are, with ids from 1 on.

    Orders come last, so that both versions read the same number of rows.
    """
    key = {"Authorization": f"Bearer {secret}", "Accept": "application/json"}
    ten = ",".join(["{id}"] * 10)
    products = "/api/v1/products/"
    return {
        "read a product": Request("GET", f"{products}{{id}}/", key, ids=PRODUCTS),
        "read an order": Request("GET", f"{PATH}{{id}}/", key, ids=orders),
        "page of products": Request("GET", products, key),
        "page of orders": Request("GET", PATH, key),
        "availability of ten": Request(
            "GET", f"{products}availability/?ids={ten}", key, ids=PRODUCTS
        ),
        ORDERS: place(secret),
    }


def compare(
    versions: Mapping[str, Path],
    databases: Databases,
    *,
    rounds: int,
    seconds: float,
    connections: Sequence[int],
    reads: Sequence[int] = READ_AT,
) -> tuple[Results, list[str]]:
    """Load the versions in turn: orders at `connections`, everything else at `reads`.

    Return the results, and a note for each kind of request that is left out because a version does
    not answer it. Raises BenchmarkError if a request fails.
    """
    shops = {name: Version(path) for name, path in versions.items()}
    results: Results = {name: {} for name in shops}
    notes: dict[str, str] = {}
    for number, name in enumerate(in_turn(list(shops), rounds=rounds)):
        url, secret = databases.fresh(shops[name].prepare)
        (orders,) = databases.row("SELECT max(id) FROM orders_order")
        warm_up = START_SECONDS
        with shops[name].serve(url) as server:
            for kind, request in requests(secret, orders=orders).items():
                if (status := ask(server.port, request, seed=number).status) >= 300:
                    notes[kind] = f"Left out: {kind}. {name} answers {status}."
                if kind in notes:
                    continue
                for count in connections if kind == ORDERS else reads:
                    load(server, request, seconds=warm_up, connections=count, seed=number)
                    warm_up = WARM_UP_SECONDS
                    figures = _measure(
                        server, databases, request, seconds=seconds, connections=count, seed=number
                    )
                    results[name].setdefault((kind, count), []).append(figures)
                    shown = f"{figures.server:,.0f} + {figures.database:,.0f} µs"
                    print(f"{name}, {kind}, {count} connections: {shown}", file=sys.stderr)
    for cells in results.values():
        for cell in [cell for cell in cells if cell[0] in notes]:
            del cells[cell]
    return results, list(notes.values())


def _measure(server: ServerProcess, databases: Databases, request: Request, **what: Any) -> Figures:
    begin = server.cpu_seconds(), databases.cpu_seconds()
    done = load(server, request, **what)
    end = server.cpu_seconds(), databases.cpu_seconds()
    server_us, database_us = (
        1e6 * (b - a) / done.acknowledged for a, b in zip(begin, end, strict=True)
    )
    return Figures(server_us, database_us, done.rate)


def interval(ratios: Sequence[float]) -> tuple[float, float] | None:
    """Where the median of the distribution lies, with CONFIDENCE; None if there are too few ratios.

    It needs no assumption about the distribution: the number of ratios below its median is binomial
    (Conover, Practical Nonparametric Statistics, 1999, section 3.2).
    """
    count, ordered = len(ratios), sorted(ratios)
    outside, tail = 0, 0.0
    while (tail := tail + comb(count, outside) / 2**count) <= (1 - CONFIDENCE) / 2:
        outside += 1
    return (ordered[outside - 1], ordered[-outside]) if outside else None


def verdict(ratios: Sequence[float]) -> str:
    """What ratios of processor time, after divided by before, say: LOSS, gain or same."""
    found = interval(ratios)
    if found is None:
        return "too few rounds"
    median, (low, high) = statistics.median(ratios), found
    if low > 1 and median > 1 + NOTEWORTHY:
        return "**LOSS**"
    return "gain" if high < 1 and median < 1 - NOTEWORTHY else "same"


def table(results: Results) -> str:
    """Render medians, medians of the ratios of each round, and what they say."""
    rows = []
    before, after = results.values()
    for (kind, connections), old in before.items():
        new = after[kind, connections]
        ratios = [b.cpu / a.cpu for a, b in zip(old, new, strict=True)]
        low, high = interval(ratios) or (min(ratios), max(ratios))
        rates = statistics.median(b.rate / a.rate for a, b in zip(old, new, strict=True))
        rows.append(
            [
                kind,
                str(connections),
                *(f"{statistics.median(each.rate for each in both):,.0f}" for both in (old, new)),
                f"{rates:.2f}",
                *(_shares(both) for both in (old, new)),
                f"{statistics.median(ratios):.3f}",
                f"{low:.3f} – {high:.3f}",
                verdict(ratios),
            ]
        )
    header = ["what", "connections", "before, /s", "after, /s", "ratio"]
    header += ["CPU before, µs", "CPU after, µs", "ratio of CPU", "between", "verdict"]
    return markdown_table(header, rows)


def _shares(several: Sequence[Figures]) -> str:
    server, database = (
        statistics.median(getattr(each, who) for each in several) for who in ("server", "database")
    )
    return f"{server:,.0f} + {database:,.0f}" if database else f"{server:,.0f}"


def is_lost(results: Results) -> bool:
    """Whether any request has become dearer."""
    return "**LOSS**" in table(results)

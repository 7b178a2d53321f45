"""Compare reads over HTTP from a large shop: `python -m benchmarks.reads [--rows N]`.

It starts and fills PostgreSQL, serves Tradepost and the rival, checks that their responses are the
same, loads them in turn and prints a table. With the default N it writes the table to docs/, and
the figures to `benchmarks/results/reads.json`.
"""

import argparse
import signal
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from benchmarks.designs import gunicorn
from benchmarks.generator import apply_load
from benchmarks.load import LoadResult, Request
from benchmarks.postgres import Postgres, postgres
from benchmarks.reads_data import prepare, searches
from benchmarks.report import environment, markdown_table
from benchmarks.rounds import in_turn, publish
from benchmarks.servers import BenchmarkError, ServerProcess
from benchmarks.tradepost import CONFIG, tradepost
from tests.__main__ import SETTINGS

ROWS = 1_000_000
CONNECTIONS = 16
WARM_UP_SECONDS = 0.5
COUNTED = 20
"""How many requests to count the statements of."""

DATABASE = "reads"
THREADS = ("--worker-class=gthread", "--workers=3", "--threads=4")
RIVAL = "benchmarks.rivals.drf_reads.settings"


@dataclass(frozen=True)
class Reader:
    """A design to read from. server: its name in `serve_all`. prefix: of its paths."""

    title: str
    server: str
    prefix: str = ""


READERS = {
    "tradepost": Reader("**Tradepost**, `manage.py serve`", "serve"),
    "tradepost_gunicorn": Reader("**Tradepost**, gunicorn", "gunicorn"),
    "drf_numbers": Reader("`drf_reads`, pages by number", "rival"),
    "drf_cursor": Reader("`drf_reads`, pages by cursor", "rival", "/by-cursor"),
}
RIVALS = ("drf_numbers", "drf_cursor")
SEARCH = "search by name"
KINDS = {
    "page of 20 products": "/api/v1/products/",
    "product by id": "/api/v1/products/{id}/",
    SEARCH: "/api/v1/products/?search={text}",
    "page of 20 orders": "/api/v1/orders/",
}
Cell = tuple[str, str]
"""A kind of request, and the name of a reader."""


def main(arguments: Sequence[str]) -> None:
    options = _options(arguments)
    with postgres() as server:
        server.create(DATABASE)
        secret = prepare(server, DATABASE, rows=options.rows)
        loads = {kind: request(kind, secret=secret, rows=options.rows) for kind in KINDS}
        with serve_all(server.url(DATABASE)) as servers:
            check(servers, loads)
            results = measure(servers, loads, rounds=options.rounds, seconds=options.seconds)
        server.log_statements(DATABASE)
        with serve_all(server.url(DATABASE)) as servers:
            statements = count_statements(server, servers, loads)
        version = server.version
    packages = {name: name for name in ("gunicorn", "requests")}
    publish(
        "reads",
        environment(postgresql=version, packages=packages),
        f"{options.rows:,} rows, {CONNECTIONS} connections, medians of {options.rounds} rounds of "
        f"{options.seconds} seconds.",
        table(results, statements),
        complete=options.rows == ROWS,
        runs=[
            {"kind": kind, "reader": name, "statements": statements[kind, name]}
            | {"rates": [each.rate for each in loaded], "p99_ms": [each.p99_ms for each in loaded]}
            for (kind, name), loaded in results.items()
        ],
    )


def request(kind: str, *, secret: str, rows: int) -> Request:
    """The request template for one of KINDS."""
    return Request(
        "GET",
        KINDS[kind],
        {"Authorization": f"Bearer {secret}", "Accept": "application/json"},
        ids=rows,
        texts=searches(500, rows=rows, seed=1),
    )


@contextmanager
def serve_all(url: str) -> Iterator[dict[str, ServerProcess]]:
    """Run all servers on the database at `url`. Yield them by name."""
    wsgi = "config.wsgi:application"
    served: dict[str, AbstractContextManager[ServerProcess]] = {
        "gunicorn": gunicorn(url, CONFIG, options=THREADS, env=SETTINGS, application=wsgi),
        "rival": gunicorn(url, RIVAL, options=THREADS),
    }
    with ExitStack() as stack:
        [serve] = stack.enter_context(tradepost().serve(url))
        yield {"serve": serve} | {name: stack.enter_context(each) for name, each in served.items()}


def check(servers: Mapping[str, ServerProcess], loads: Mapping[str, Request]) -> None:
    """Raise BenchmarkError if the readers' responses differ."""
    with requests.Session() as session:
        for kind, load in loads.items():
            responses = {name: _read(session, servers, name, load) for name in READERS}
            differing = [name for name in READERS if responses[name] != responses["tradepost"]]
            if differing:
                raise BenchmarkError(
                    f"{kind}: these responses differ from Tradepost's: {differing}"
                )


def _read(
    session: requests.Session, servers: Mapping[str, ServerProcess], name: str, load: Request
) -> Any:
    """Read one object, or the results of a list. Raises BenchmarkError if there are none."""
    path = load.path.replace("{id}", "7").replace("{text}", load.texts[0])
    reader = READERS[name]
    url = f"{servers[reader.server].url}{reader.prefix}{path}"
    response = session.get(url, headers=dict(load.headers), timeout=60)
    response.raise_for_status()
    document = response.json()
    found = document.get("results", document)
    if not found:
        raise BenchmarkError(f"{url} returned no results.")
    return found


def measure(
    servers: Mapping[str, ServerProcess],
    loads: Mapping[str, Request],
    *,
    rounds: int,
    seconds: float,
) -> dict[Cell, list[LoadResult]]:
    """Load the readers in turn. Raises BenchmarkError if a request fails."""
    cells = [(kind, name) for kind in loads for name in READERS]
    results: dict[Cell, list[LoadResult]] = {cell: [] for cell in cells}
    for number, cell in enumerate(in_turn(cells, rounds=rounds)):
        kind, name = cell
        _load(servers, name, loads[kind], seconds=WARM_UP_SECONDS, seed=number + 1)
        result = _load(servers, name, loads[kind], seconds=seconds, seed=number)
        results[cell].append(result)
        shown = f"{result.rate:,.0f} requests/s, p99 {result.p99_ms:,.1f} ms"
        print(f"{kind}, {name}: {shown}", file=sys.stderr, flush=True)
    return results


def _load(
    servers: Mapping[str, ServerProcess], name: str, load: Request, *, seconds: float, seed: int
) -> LoadResult:
    reader = READERS[name]
    prefixed = Request(
        load.method, f"{reader.prefix}{load.path}", load.headers, ids=load.ids, texts=load.texts
    )
    server = servers[reader.server]
    result = apply_load(server.port, prefixed, connections=CONNECTIONS, seconds=seconds, seed=seed)
    if any(result.errors.values()):
        raise BenchmarkError(f"{name}, {load.path}: {result.errors}\n{server.log}")
    return result


def count_statements(
    server: Postgres, servers: Mapping[str, ServerProcess], loads: Mapping[str, Request]
) -> dict[Cell, float]:
    """Count the statements per request in PostgreSQL's log, after every thread has connected."""
    counts: dict[Cell, float] = {}
    with requests.Session() as session:
        for kind, load in loads.items():
            for name in READERS:
                _load(servers, name, load, seconds=WARM_UP_SECONDS, seed=0)
                with server.counting(DATABASE) as statements:
                    for _ in range(COUNTED):
                        _read(session, servers, name, load)
                counts[kind, name] = len(statements) / COUNTED
    return counts


def table(results: Mapping[Cell, Sequence[LoadResult]], statements: Mapping[Cell, float]) -> str:
    """Render a row for each cell. Ratios compare with the faster of the two rivals."""
    rates = median_rates(results)
    rows = []
    for (kind, name), loads in results.items():
        fastest = max(rates[kind, rival] for rival in RIVALS)
        ordered = sorted(each.rate for each in loads)
        rows.append(
            [
                kind,
                READERS[name].title,
                f"{rates[kind, name]:,.0f}",
                f"{ordered[0]:,.0f} – {ordered[-1]:,.0f}",
                f"{statistics.median(each.p99_ms for each in loads):,.1f}",
                f"{statements[kind, name]:.1f}",
                f"{rates[kind, name] / fastest:.2f}",
            ]
        )
    header = ("what", "design", "requests/s", "lowest – highest", "p99 ms", "statements", "ratio")
    return markdown_table(header, rows)


def median_rates(results: Mapping[Cell, Sequence[LoadResult]]) -> dict[Cell, float]:
    """The median requests per second of each cell."""
    return {cell: statistics.median(each.rate for each in loads) for cell, loads in results.items()}


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
    main(sys.argv[1:])

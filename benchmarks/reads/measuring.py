"""Load the readers in turn, and count their statements."""

import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from benchmarks.generator import apply_load
from benchmarks.load import LoadResult, Request
from benchmarks.postgres import Postgres
from benchmarks.reads.checking import read
from benchmarks.reads.readers import FEW, READERS, Cell
from benchmarks.rounds import in_turn
from benchmarks.servers import ServerProcess

WARM_UP_SECONDS = 0.5
COUNTED = 20
"""How many requests to count the statements of."""


class Read(NamedTuple):
    """One round of a cell. server_us, database_us: microseconds of processor time per request."""

    load: LoadResult
    server_us: float
    database_us: float


Results = dict[Cell, list[Read]]
Loads = Mapping[tuple[str, str], Request]
"""Requests by kind and reader."""


class UsesProcessor(Protocol):
    """A database server."""

    def cpu_seconds(self) -> float:
        """The processor time that it has used so far."""


def measure(
    servers: Mapping[str, ServerProcess],
    loads: Loads,
    plan: Sequence[Cell],
    *,
    database: UsesProcessor,
    rounds: int,
    seconds: float,
) -> Results:
    """Load the readers in turn. plan: cells whose kinds and readers are in `loads`."""
    results: Results = {cell: [] for cell in plan}
    for number, cell in enumerate(in_turn(plan, rounds=rounds)):
        server = servers[READERS[cell.reader].server]
        load = loads[cell.kind, cell.reader]
        what = {"connections": cell.connections, "seed": number}
        apply_load(server.port, load, **what, seconds=WARM_UP_SECONDS)
        begin = server.cpu_seconds(), database.cpu_seconds()
        done = apply_load(server.port, load, **what, seconds=seconds)
        end = server.cpu_seconds(), database.cpu_seconds()
        server_us, database_us = (
            1e6 * (b - a) / max(1, done.acknowledged) for a, b in zip(begin, end, strict=True)
        )
        results[cell].append(Read(done, server_us, database_us))
        shown = f"{done.rate:,.0f} requests/s, p99 {done.p99_ms:,.1f} ms"
        failed = {kind: count for kind, count in done.errors.items() if count}
        print(f"{cell}: {shown}{f', {failed}' if failed else ''}", file=sys.stderr, flush=True)
    return results


def count_statements(
    postgres: Postgres, database: str, servers: Mapping[str, ServerProcess], loads: Loads
) -> dict[tuple[str, str], float]:
    """Count the statements per request in PostgreSQL's log, of requests that come alone.

    Every thread of every server has connected before. Returns them by kind and reader.
    """
    counts = {}
    for (kind, reader), load in loads.items():
        server = servers[READERS[reader].server]
        apply_load(server.port, load, connections=FEW, seconds=WARM_UP_SECONDS, seed=0)
        with postgres.counting(database) as statements:
            for seed in range(COUNTED):
                read(server, load, seed=seed)
        counts[kind, reader] = len(statements) / COUNTED
    return counts

"""Measure the two pgbench designs."""

import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import tradepost
from benchmarks.databases import Databases, PostgresDatabases
from benchmarks.load import LoadResult
from benchmarks.pgbench import apply_pgbench
from benchmarks.servers import BenchmarkError

HERE = Path(__file__).parent
FUNCTIONS = ("function.sql", "function_lines.sql")


@dataclass(frozen=True)
class PgbenchDesign:
    """Scripts that place one order per transaction. scripts: by the number of lines of an order."""

    name: str
    title: str
    scripts: Mapping[int, str]
    books = tradepost.BOOKS

    @contextmanager
    def start(self, databases: Databases) -> Iterator["RunningScripts"]:
        if not isinstance(databases, PostgresDatabases):
            raise BenchmarkError("pgbench can load only PostgreSQL.")
        _, secret = databases.fresh(tradepost.prepare)
        for function in FUNCTIONS:
            databases.postgres.execute(databases.run, (HERE / function).read_bytes())
        yield RunningScripts(databases, self.scripts, secret)


@dataclass(frozen=True)
class RunningScripts:
    databases: PostgresDatabases
    scripts: Mapping[int, str]
    secret: str

    def load(
        self, *, products: int, lines: int, connections: int, seconds: float, seed: int
    ) -> LoadResult:
        if lines not in self.scripts:
            raise BenchmarkError(f"No script of pgbench places orders of {lines} lines.")
        return apply_pgbench(
            self.databases.postgres,
            self.databases.run,
            HERE / self.scripts[lines],
            secret=self.secret,
            products=products,
            connections=connections,
            seconds=seconds,
            seed=seed,
        )

    def cpu_seconds(self) -> float:
        """The processor time of pgbench, which has ended."""
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    log = ""  # if a script fails, BenchmarkError contains the output of pgbench


STATEMENTS = PgbenchDesign("pgbench_statements", "pgbench, statements", {1: "statements.sql"})
FUNCTION = PgbenchDesign(
    "pgbench_function", "pgbench, one function call", {1: "call.sql", 20: "call_lines.sql"}
)

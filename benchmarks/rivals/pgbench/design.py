"""Measure the two pgbench designs."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import tradepost
from benchmarks.databases import Databases, PostgresDatabases
from benchmarks.load import LoadResult
from benchmarks.pgbench import apply_pgbench
from benchmarks.servers import BenchmarkError

HERE = Path(__file__).parent


@dataclass(frozen=True)
class PgbenchDesign:
    """A script that places one order of one line per transaction."""

    name: str
    title: str
    script: str
    books = tradepost.BOOKS

    @contextmanager
    def start(self, databases: Databases) -> Iterator["RunningScript"]:
        if not isinstance(databases, PostgresDatabases):
            raise BenchmarkError("pgbench can load only PostgreSQL.")
        _, secret = databases.fresh(tradepost.prepare)
        databases.postgres.execute(databases.run, (HERE / "function.sql").read_bytes())
        yield RunningScript(databases, HERE / self.script, secret)


@dataclass(frozen=True)
class RunningScript:
    databases: PostgresDatabases
    script: Path
    secret: str

    def load(
        self, *, products: int, lines: int, connections: int, seconds: float, seed: int
    ) -> LoadResult:
        if lines != 1:
            raise BenchmarkError("The pgbench scripts can place only orders of one line.")
        return apply_pgbench(
            self.databases.postgres,
            self.databases.run,
            self.script,
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


STATEMENTS = PgbenchDesign("pgbench_statements", "pgbench, statements", "statements.sql")
FUNCTION = PgbenchDesign("pgbench_function", "pgbench, one function call", "call.sql")

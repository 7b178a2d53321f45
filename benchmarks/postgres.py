"""The PostgreSQL server that all designs share. Each run gets a fresh copy of a database."""

import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psutil
import psycopg
from psycopg import sql

from benchmarks.servers import HOST, BenchmarkError, cpu_seconds
from tests.postgres import PostgresServer

# All other settings are PostgreSQL's defaults. Memory and write-ahead log are so large that no
# checkpoint happens during a run, because it would slow down one design and not another. There are
# connections for pgbench with 256. The log is for counting statements.
SETTINGS = {
    "max_connections": "300",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "logging_collector": "on",
    "log_line_prefix": "%d ",
    "log_rotation_size": "0",  # statements are counted between two marks in one file
}
LOG_SECONDS = 10


class Postgres:
    """A running server whose databases are copied from templates."""

    def __init__(self, server: PostgresServer) -> None:
        self.port = server.port
        self.programs = server.programs
        self._server = server
        with self.connect("postgres") as connection:
            backend = psutil.Process(connection.info.backend_pid)
            parent = backend.parent()
            if parent is None:
                raise BenchmarkError("PostgreSQL has ended.")
            self._postmaster = parent
            self.version = connection.info.parameter_status("server_version") or ""

    def url(self, database: str) -> str:
        """The URL of a database, for DATABASE_URL."""
        return self._server.url(database)

    def connect(self, database: str) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(
            host=HOST, port=self.port, user="postgres", dbname=database, autocommit=True
        )

    def create(self, database: str, *, template: str | None = None) -> None:
        """Replace a database with an empty one or a copy, then run a checkpoint."""
        name = sql.Identifier(database)
        source = (
            sql.SQL("TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        )
        with self.connect("postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            connection.execute(sql.SQL("CREATE DATABASE {} {}").format(name, source))
            connection.execute("CHECKPOINT")

    def execute(self, database: str, statement: LiteralString | bytes) -> None:
        with self.connect(database) as connection:
            connection.execute(statement)

    def row(
        self, database: str, query: LiteralString, params: Sequence[Any] = ()
    ) -> tuple[Any, ...]:
        """Run a query and return its one row. Raises BenchmarkError if there is none."""
        with self.connect(database) as connection:
            row = connection.execute(query, params).fetchone()
        if row is None:
            raise BenchmarkError(f"The query returned no row: {query}")
        return row

    def cpu_seconds(self) -> float:
        """The processor time that the server and its backends have used so far."""
        return cpu_seconds(self._postmaster)

    def log_statements(self, database: str) -> None:
        """Log all statements of connections that are opened from now on."""
        with self.connect("postgres") as connection:
            name = sql.Identifier(database)
            connection.execute(sql.SQL("ALTER DATABASE {} SET log_statement = 'all'").format(name))

    @contextmanager
    def counting(self, database: str) -> Iterator[list[str]]:
        """Yield a list. After the block it contains the statements that clients have sent.

        It includes BEGIN and COMMIT, but not what runs inside a function. Call `log_statements`
        before the clients connect.
        """
        statements: list[str] = []
        begin = self._mark(database)
        yield statements
        log = self._log_after(begin, self._mark(database))
        own = re.compile(rf"^{database} LOG:  (?:statement|execute [^:]*): (.*)$", re.MULTILINE)
        statements += own.findall(log)

    def _mark(self, database: str) -> str:
        mark = f"mark_{secrets.token_hex(8)}"
        with self.connect(database) as connection:
            connection.execute(sql.SQL("SELECT {}").format(sql.Literal(mark)))
        return mark

    def _log_after(self, begin: str, end: str) -> str:
        """The log between two marks. Another process writes it, so wait for the second mark."""
        give_up = time.monotonic() + LOG_SECONDS
        while time.monotonic() < give_up:
            (log,) = self.row("postgres", "SELECT pg_read_file(pg_current_logfile())")
            if f"'{end}'" in log:
                lines = log.split(f"'{begin}'", 1)[1].split(f"'{end}'", 1)[0]
                return str(lines.rsplit("\n", 1)[0] + "\n")
            time.sleep(0.05)
        raise BenchmarkError("PostgreSQL did not log the statement that ends the count.")


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a server during the block. Commits wait for the disk. Raises PostgresError."""
    with PostgresServer(fsync=True, settings=SETTINGS) as server:
        yield Postgres(server)

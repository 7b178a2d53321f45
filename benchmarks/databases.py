"""The databases of the runs: filled once for each design, and copied for each run."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, LiteralString, Protocol

from benchmarks.postgres import Postgres

Prepare = Callable[[str], str]
"""Creates tables and products in the database at a URL. Returns an API key's secret, or ""."""


class Databases(Protocol):
    """Provides a database for each run. kind: "postgresql" or "sqlite"."""

    kind: str

    def fresh(self, prepare: Prepare) -> tuple[str, str]:
        """Copy the database that `prepare` makes. Return the URL, and what `prepare` returned."""

    def row(self, query: LiteralString) -> tuple[Any, ...]:
        """Run a query on the newest copy and return its one row."""

    def cpu_seconds(self) -> float:
        """The processor time that the database server has used so far."""


class PostgresDatabases:
    """Copies databases in one server with CREATE DATABASE … TEMPLATE."""

    kind = "postgresql"
    run = "run"

    def __init__(self, postgres: Postgres) -> None:
        self.postgres = postgres
        self._secrets: dict[Prepare, str] = {}
        self._logging = False

    def fresh(self, prepare: Prepare) -> tuple[str, str]:
        if prepare not in self._secrets:
            self._fill(prepare)
        number = list(self._secrets).index(prepare)
        self.postgres.create(self.run, template=f"template_{number}")
        if self._logging:
            self.postgres.log_statements(self.run)
        return self.postgres.url(self.run), self._secrets[prepare]

    @contextmanager
    def logging(self) -> Iterator[None]:
        """Log the statements on copies that are made in the block."""
        self._logging = True
        try:
            yield
        finally:
            self._logging = False

    def row(self, query: LiteralString) -> tuple[Any, ...]:
        return self.postgres.row(self.run, query)

    def cpu_seconds(self) -> float:
        return self.postgres.cpu_seconds()

    def _fill(self, prepare: Prepare) -> None:
        template = f"template_{len(self._secrets)}"
        self.postgres.create(template)
        self._secrets[prepare] = prepare(self.postgres.url(template))
        self.postgres.execute(template, "VACUUM ANALYZE")


class SQLiteDatabases:
    """Copies database files in a directory."""

    kind = "sqlite"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._run = directory / "run" / "run.sqlite3"
        self._secrets: dict[Prepare, str] = {}

    def fresh(self, prepare: Prepare) -> tuple[str, str]:
        if prepare not in self._secrets:
            template = self._directory / f"template_{len(self._secrets)}.sqlite3"
            self._secrets[prepare] = prepare(f"sqlite:///{template}")
        number = list(self._secrets).index(prepare)
        shutil.rmtree(self._run.parent, ignore_errors=True)
        self._run.parent.mkdir()
        shutil.copy(self._directory / f"template_{number}.sqlite3", self._run)
        return f"sqlite:///{self._run}", self._secrets[prepare]

    def row(self, query: LiteralString) -> tuple[Any, ...]:
        with closing(sqlite3.connect(self._run)) as connection:
            row: tuple[Any, ...] = connection.execute(query).fetchone()
        return row

    def cpu_seconds(self) -> float:
        """Zero, because SQLite runs in the server's process."""
        return 0.0

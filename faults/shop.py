"""Temporary databases, and a shop on one."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

import psycopg

from benchmarks.servers import ROOT
from tests.postgres import PostgresServer

STOCK = 2_000_000

# All relevant settings, because the environment overrides a developer's .env.
SETTINGS = {
    "ALLOWED_HOSTS": "localhost,127.0.0.1",
    "CURRENCY": "EUR",
    "DEBUG": "off",
    "HTTPS": "off",
    "LOG_LEVEL": "INFO",
    "SECRET_KEY": "for measurements only, and long enough to be taken in production",
    "TIME_ZONE": "UTC",
}

FILL = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from apps.accounts.operations import issue_key
from apps.accounts.scopes import known_scopes
from apps.products.operations import create_product
for number, stock in enumerate({stocks}, start=1):
    create_product(name=f"Product {{number}}", price="9.99", stock_quantity=stock)
print(issue_key(client_name="shop", scopes=known_scopes()).secret)
"""


@dataclass(frozen=True)
class Shop:
    """A database with products, and a key to order them. url: as in DATABASE_URL."""

    url: str
    secret: str = ""

    @classmethod
    def fill(cls, url: str, stocks: Sequence[int]) -> Self:
        """Migrate an empty database; create a key, and products 1, 2, … with these stocks."""
        empty = cls(url)
        code = FILL.format(stocks=list(stocks))
        secret = empty.manage("shell", "--verbosity=0", "--command", code).stdout.strip()
        return replace(empty, secret=secret)

    def manage(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run `manage.py` on the shop's database."""
        command = [sys.executable, "manage.py", *arguments]
        environment = os.environ | SETTINGS | {"DATABASE_URL": self.url}
        return subprocess.run(
            command, cwd=ROOT, env=environment, check=check, capture_output=True, text=True
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the database through the driver, so that Tradepost does not check itself."""
        if self.url.startswith("sqlite:///"):
            path = self.url.removeprefix("sqlite:///")
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
            try:
                return connection.execute(sql).fetchall()
            finally:
                connection.close()
        with psycopg.connect(self.url) as session:
            return session.execute(sql.encode()).fetchall()

    def stock(self, product_id: int) -> int:
        sql = f"SELECT stock_quantity FROM products_product WHERE id = {product_id:d}"  # noqa: S608
        ((stock,),) = self.query(sql)
        return int(stock)


@contextmanager
def sqlite() -> Iterator[str]:
    """Yield the URL of a database file that is deleted after the block."""
    with tempfile.TemporaryDirectory(prefix="tradepost-faults-") as directory:
        yield f"sqlite:///{directory}/shop.sqlite3"


@contextmanager
def postgresql() -> Iterator[str]:
    """Yield the URL of a database on a PostgreSQL server with fsync; stop it after the block."""
    with PostgresServer(fsync=True) as server:
        yield server.url("postgres")


DATABASES = {"postgresql": postgresql, "sqlite": sqlite}

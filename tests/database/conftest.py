"""A PostgreSQL server that tests may freeze and reconfigure."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import connection

from monoservices.database import health
from monoservices.database.backend.connection import Connection
from tests.postgres import PostgresServer

A_LOT = 1_000


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of this module's own."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def own_server(
    transactional_db: None, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PostgresServer]:
    """The module's server, as the default database of every thread."""
    address = {"HOST": "127.0.0.1", "PORT": server.port, "USER": "postgres", "PASSWORD": ""}
    connection.close()
    for name, value in (address | {"NAME": "postgres"}).items():
        monkeypatch.setitem(connection.settings_dict, name, value)
    yield server
    health.close()
    connection.close()


def configure(server: PostgresServer, **settings: str) -> None:
    """Change settings of a running server; an empty text resets one. Sessions have them then."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as session:
        for name, value in settings.items():
            change = f"SET {name} = '{value}'" if value else f"RESET {name}"
            session.execute(f"ALTER SYSTEM {change}".encode())
        session.execute("SELECT pg_reload_conf()")
    for name, value in settings.items():
        # A new session has what the server has, which has told all others before.
        for _ in range(A_LOT):
            if not value or ask(server, f"SHOW {name}") == [(value,)]:
                break


def lose_the_standby(server: PostgresServer) -> None:
    """Let every COMMIT wait for a standby that never comes."""
    configure(server, synchronous_standby_names="gone")
    message = "SELECT pg_logical_emit_message(true, '', '')"
    with suppress(psycopg.OperationalError), Connection.connect(server.url("postgres")) as session:
        session.autocommit, session.longest_wait, session.cancels_late = True, 0.2, True
        for _ in range(A_LOT):  # until another process of the server has told those that commit
            session.execute(message)


def ask(server: PostgresServer, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.url("postgres"), autocommit=True) as session:
        return session.execute(sql.encode()).fetchall()

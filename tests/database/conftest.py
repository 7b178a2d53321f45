"""A PostgreSQL server that tests may freeze and reconfigure."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from monoservices.database import health
from tests.postgres import PostgresServer


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
    """Change settings of a running server; an empty text resets one."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as session:
        for name, value in settings.items():
            change = f"SET {name} = '{value}'" if value else f"RESET {name}"
            session.execute(f"ALTER SYSTEM {change}".encode())
        session.execute("SELECT pg_reload_conf()")

"""The PostgreSQL server that the tests start if DATABASE_URL names none."""

from collections.abc import Callable
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from tests.postgres import PostgresError, PostgresServer, find_programs, wheel_programs


def answer(server: PostgresServer, sql: LiteralString) -> object:
    with psycopg.connect(server.url("postgres")) as connection:
        row = connection.execute(sql).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("programs", [find_programs, wheel_programs])
def test_a_crash_loses_nothing_that_was_committed(programs: Callable[[], Path]) -> None:
    with PostgresServer(programs(), fsync=True, settings={"max_connections": "33"}) as server:
        assert answer(server, "SHOW fsync") == "on"
        assert answer(server, "SHOW max_connections") == "33"
        assert answer(server, "SHOW server_encoding") == "UTF8"
        assert answer(server, "SELECT lower('ÄÖÜ')") == "äöü"
        with psycopg.connect(server.url("postgres")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        server.stop("immediate")
        with pytest.raises(psycopg.OperationalError):
            answer(server, "SELECT 1")
        server.start()
        assert answer(server, "SELECT number FROM kept") == 7
        server.restart()
        assert answer(server, "SELECT number FROM kept") == 7
    with pytest.raises(psycopg.OperationalError):
        answer(server, "SELECT 1")


def test_a_server_that_cannot_start_says_why() -> None:
    with (
        pytest.raises(PostgresError, match="no_such_setting"),
        PostgresServer(settings={"no_such_setting": "1"}),
    ):
        pytest.fail("it started")

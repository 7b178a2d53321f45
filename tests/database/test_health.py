"""Whether the database answers and takes writes, on servers that do not."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction

from monoservices.database import health
from monoservices.database.health import Unhealthy, check_reads, check_writes
from tests.database.conftest import ask, configure, lose_the_standby
from tests.postgres import PostgresServer

on_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="only a server hangs, or has standbys"
)
on_sqlite = pytest.mark.skipif(
    "connection.vendor != 'sqlite'", reason="many can write to PostgreSQL"
)

CHECKS = [check_reads, check_writes]
Check = Callable[[], None]


@pytest.fixture
def database(transactional_db: None) -> Iterator[None]:
    """The database of this run. Checks connect anew."""
    health.close()
    yield
    health.close()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("check", CHECKS)
def test_a_healthy_database(check: Check) -> None:
    check()
    check()


@on_postgresql
@pytest.mark.parametrize("check", CHECKS)
def test_a_check_keeps_its_connection(own_server: PostgresServer, check: Check) -> None:
    sessions = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
    check()
    before = ask(own_server, sessions)
    check()
    kept = set(before) & set(ask(own_server, sessions))
    assert len(kept) == 1
    ask(own_server, f"SELECT pg_terminate_backend({next(iter(kept))[0]}, 60000)")
    check()  # with a new connection


@on_postgresql
@pytest.mark.parametrize("knows", [False, True], ids=["new connection", "kept connection"])
@pytest.mark.parametrize("check", CHECKS)
def test_a_server_that_hangs(own_server: PostgresServer, check: Check, knows: bool) -> None:
    if knows:
        check()
    with own_server.frozen(), pytest.raises(Unhealthy):
        check()
    check()


@on_postgresql
def test_a_database_that_is_read_only(own_server: PostgresServer) -> None:
    check_writes()
    configure(own_server, default_transaction_read_only="on")
    try:
        health.close()
        with pytest.raises(Unhealthy, match=r"The database is read-only\."):
            check_writes()
        check_reads()
    finally:
        configure(own_server, default_transaction_read_only="")
    check_writes()


@on_postgresql
def test_a_standby_that_is_gone(own_server: PostgresServer) -> None:
    lose_the_standby(own_server)
    try:
        for _ in range(2):
            with pytest.raises(Unhealthy, match="has not answered for 2 s"):
                check_writes()
            check_reads()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        assert ask(own_server, waiting) == [(0,)]  # no session stays behind for each check
    finally:
        configure(own_server, synchronous_standby_names="")
    check_writes()


@on_sqlite
@pytest.mark.usefixtures("database")
def test_a_database_that_somebody_else_writes_to() -> None:
    check_writes()
    with transaction.atomic():  # which begins IMMEDIATE
        with pytest.raises(Unhealthy, match="database is locked"):
            check_writes()
        check_reads()
    check_writes()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("check", CHECKS)
def test_a_database_that_is_out_of_reach(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = connection.settings_dict
    monkeypatch.setitem(settings, "NAME", "/no/such/directory/database")
    monkeypatch.setitem(settings, "PORT", "1")
    with pytest.raises(Unhealthy):
        check()
    monkeypatch.undo()
    check()

"""Waits for PostgreSQL end on the client's clock, and what is said at their end is true."""

import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor as Pool
from contextlib import ExitStack
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, connections, transaction

from config.databases import LONGEST_WAIT_SECONDS, STATEMENT_TIMEOUT_MS
from monoservices.database import pipelining
from monoservices.database.backend import standby
from monoservices.database.engines import engine
from monoservices.database.errors import is_outcome_unknown
from monoservices.database.retrying import unwrap, with_retries
from monoservices.database.statements import enqueue
from tests.database.conftest import ask, configure, lose_the_standby
from tests.postgres import PostgresServer

pytestmark = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite is in this process"
)

WAIT, TRIP_WAIT = 0.5, 0.4
"""Seconds, for waits in general and for round trips of pipelined transactions."""
SOON = 10.0
"""Seconds: much more than WAIT, and much less than for ever."""
INSERT = "INSERT INTO waits DEFAULT VALUES"

Break = Callable[[], Any]


@pytest.fixture
def own(own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresServer]:
    """The module's server, with a table `waits`. Django waits for WAIT seconds."""
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "longest_wait", WAIT)
    monkeypatch.setattr(pipelining, "LONGEST_WAIT_SECONDS", TRIP_WAIT)
    monkeypatch.setattr(standby, "PROBE_SECONDS", WAIT)
    monkeypatch.setattr(standby.commits, "are_answered", True)
    with psycopg.connect(own_server.url("postgres"), autocommit=True) as session:
        session.execute("CREATE TABLE waits (number serial)")
    connection.ensure_connection()
    yield own_server
    connection.close()
    with psycopg.connect(own_server.url("postgres"), autocommit=True) as session:
        session.execute("DROP TABLE waits")


def rows(server: PostgresServer) -> int:
    [[number]] = ask(server, "SELECT count(*) FROM waits")
    return int(number)


def rows_in_the_end(server: PostgresServer, expected: int) -> int:
    """How many rows there are as soon as there are as many as expected, or after a while."""
    until = monotonic() + SOON
    while (found := rows(server)) < expected and monotonic() < until:
        sleep(0.01)
    return found


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def a_statement_that_reads(break_it: Break) -> None:
    break_it()
    execute("SELECT 1")


def a_statement_that_commits_by_itself(break_it: Break) -> None:
    break_it()
    execute(INSERT)


def a_statement_in_a_transaction(break_it: Break) -> None:
    with transaction.atomic():
        execute(INSERT)
        break_it()
        execute(INSERT)


def a_part_of_a_result(break_it: Break) -> None:
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute("SELECT generate_series(1, 1000)")
        assert cursor.fetchmany(1) == [(1,)]
        break_it()
        cursor.fetchmany(999)


def a_commit(break_it: Break) -> None:
    with transaction.atomic():
        execute(INSERT)
        break_it()


def a_round_trip_that_reads(break_it: Break) -> None:
    with engine().pipelined_transaction():
        break_it()
        enqueue("SELECT 1").fetch()


def a_round_trip_that_commits(break_it: Break) -> None:
    with engine().pipelined_transaction():
        enqueue("SELECT 1").fetch()
        enqueue(INSERT)
        break_it()


def a_batch_that_reads(break_it: Break) -> None:
    def run(items: Sequence[int]) -> Sequence[int]:
        execute("SELECT 1")
        return items

    assert unwrap(with_retries(run)([1])[0]) == 1
    break_it()
    unwrap(with_retries(run)([1])[0])


KNOWN = [
    a_statement_that_reads,
    a_statement_in_a_transaction,
    a_part_of_a_result,
    a_round_trip_that_reads,
]
COMMITS = [a_commit, a_round_trip_that_commits]
NOT_KNOWN = [a_statement_that_commits_by_itself, *COMMITS]


@pytest.mark.parametrize("wait", [*KNOWN, *NOT_KNOWN])
def test_a_server_that_hangs(own: PostgresServer, wait: Callable[[Break], None]) -> None:
    started = monotonic()
    with ExitStack() as stack:
        with pytest.raises(OperationalError) as raised:
            wait(lambda: stack.enter_context(own.frozen()))
        assert connection.connection is None or connection.connection.closed
    assert monotonic() - started < SOON
    seconds = TRIP_WAIT if "round_trip" in wait.__name__ else WAIT
    assert f"has not answered for {seconds:g} s" in str(raised.value)
    assert is_outcome_unknown(raised.value) is (wait in NOT_KNOWN)
    # The server goes on with what it has received, and finds the client gone.
    assert rows_in_the_end(own, int(wait in NOT_KNOWN)) == int(wait in NOT_KNOWN)
    connection.close_if_unusable_or_obsolete()
    execute(INSERT)


def test_a_batch_on_a_server_that_hangs(
    own: PostgresServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its second attempt does not even connect."""
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "connect_timeout", 2)
    with Pool(1) as thread, ExitStack() as stack:
        failed = thread.submit(a_batch_that_reads, lambda: stack.enter_context(own.frozen()))
        assert "connection timeout expired" in str(failed.exception(SOON))
        thread.submit(connections.close_all).result()
    [first, _] = caplog.messages
    assert f"has not answered for {TRIP_WAIT:g} s" in first


def test_a_server_that_does_not_let_in(
    own: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "connect_timeout", 2)
    connection.close()
    with own.frozen(), pytest.raises(OperationalError, match="connection timeout expired"):
        connection.ensure_connection()
    with socket.create_server(("127.0.0.1", 0)) as silent, monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "PORT", silent.getsockname()[1])
        with pytest.raises(OperationalError, match="connection timeout expired"):
            connection.ensure_connection()


@pytest.fixture
def without_standby(own: PostgresServer) -> Iterator[PostgresServer]:
    """A server whose COMMIT waits for a standby that never comes."""
    lose_the_standby(own)
    yield own
    configure(own, synchronous_standby_names="")
    assert rows_in_the_end(own, 1) >= 1


@pytest.mark.parametrize("wait", COMMITS)
def test_a_commit_that_waits_for_its_standby_is_not_canceled(
    without_standby: PostgresServer, wait: Callable[[Break], None]
) -> None:
    with pytest.raises(OperationalError) as raised:
        wait(lambda: None)
    assert is_outcome_unknown(raised.value)
    assert rows(without_standby) == 0  # it still waits


@pytest.mark.parametrize("wait", COMMITS)
def test_commits_that_nobody_answers_are_not_sent(
    without_standby: PostgresServer, wait: Callable[[Break], None]
) -> None:
    """Each would leave a session behind, until the server has none left."""
    for number in range(5):
        with pytest.raises(OperationalError) as raised:
            wait(lambda: None)
        connection.close_if_unusable_or_obsolete()
        assert is_outcome_unknown(raised.value) is (number == 0)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    assert ask(without_standby, waiting) == [(1,)]
    for read in (a_statement_that_reads, a_round_trip_that_reads, a_part_of_a_result):
        read(lambda: None)
    configure(without_standby, synchronous_standby_names="")
    assert rows_in_the_end(without_standby, 1) == 1
    sleep(standby.PROBE_SECONDS)
    wait(lambda: None)
    assert rows(without_standby) == 2


@pytest.mark.parametrize("wait", COMMITS)
def test_nor_by_the_keyboard(
    without_standby: PostgresServer, wait: Callable[[Break], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.connection, "longest_wait", SOON)
    monkeypatch.setattr(pipelining, "LONGEST_WAIT_SECONDS", SOON)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            wait(lambda: signal.setitimer(signal.ITIMER_REAL, 0.3))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rows(without_standby) == 0


def test_control_a_cancel_commits_without_the_standby(without_standby: PostgresServer) -> None:
    """PostgreSQL answers with success, although the standby has nothing."""
    with psycopg.connect(without_standby.url("postgres")) as session:
        session.execute(INSERT.encode())
        timer = signal.signal(signal.SIGALRM, lambda *_: session.cancel_safe())
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            session.commit()
        finally:
            signal.signal(signal.SIGALRM, timer)
    assert rows(without_standby) == 1


@pytest.mark.django_db(transaction=True)
def test_how_long_waits_may_take() -> None:
    """Longer than a statement: where the server is alive, it ends the statement, and says so."""
    connection.ensure_connection()
    assert connection.connection.longest_wait == LONGEST_WAIT_SECONDS
    assert LONGEST_WAIT_SECONDS > STATEMENT_TIMEOUT_MS / 1_000
    assert pipelining.LONGEST_WAIT_SECONDS == 10

"""Several statements in one round trip, and what may interfere: on PostgreSQL only."""

from contextlib import closing
from threading import Event, Thread
from typing import Any

import psycopg
import pytest
from django.db import (
    DataError,
    IntegrityError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from psycopg.pq import TransactionStatus

from monoservices.database import libpq
from monoservices.database.engines import engine
from monoservices.database.statements import Row, Statement, enqueue
from monoservices.tests.database.connections import end_the_connection
from monoservices.tests.notes import echo, numbers, read, write, write_together

pytestmark = [
    pytest.mark.skipif(
        "connection.vendor != 'postgresql'", reason="SQLite pipelines nothing: it responds at once"
    ),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("notes"),
]

A_LONG_TIME = 60.0
"""Seconds after which a test that hangs fails."""


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of statements in each round trip."""
    trips: list[int] = []
    execute = libpq.execute

    def noted(connection: Any, statements: Any, *, prepare: bool) -> list[list[Row]]:
        trips.append(len(statements))
        return execute(connection, statements, prepare=prepare)

    monkeypatch.setattr(libpq, "execute", noted)
    return trips


def test_two_round_trips(trips: list[int]) -> None:
    with engine().pipelined_transaction():
        answers = [read(1), read(2)]
        assert [answer.fetch() for answer in answers] == [[], []]
        write(1)
        write(2)
    assert trips == [5, 3]  # BEGIN, settings, clock and the reads; the writes and COMMIT
    with engine().pipelined_transaction():
        write(3)
    assert trips[2:] == [5]


def test_reads_take_one_round_trip_without_begin(trips: list[int]) -> None:
    write_together(1)
    del trips[:]
    with engine().pipelined_read():
        first, second = read(1), read(2)
        assert (second.fetch(), first.fetch()) == ([], [(None,)])
    assert trips == [2]
    assert connection.connection.pgconn.transaction_status == TransactionStatus.IDLE


def test_statements_stay_prepared_after_an_error(trips: list[int]) -> None:
    with engine().pipelined_transaction():
        read(1).fetch()
        write(1)
    # Once psycopg has prepared a statement itself, its own rollback drops all of them.
    connection.connection.execute("SELECT 1", prepare=True)
    connection.connection.commit()
    with pytest.raises(IntegrityError):
        write_together(2, 1)
    prepared = set(libpq._prepared[connection.connection])
    del trips[:]
    with engine().pipelined_transaction():
        assert read(1).fetch() == [(None,)]
        write(2)
    assert trips == [4, 2]  # no further trip to prepare statements again
    assert set(libpq._prepared[connection.connection]) == prepared
    assert numbers() == [1, 2]


def test_after_prepared_statements_are_gone_a_transaction_begins_again(trips: list[int]) -> None:
    with engine().pipelined_transaction():
        read(1).fetch()
    psycopgs = connection.connection
    with transaction.atomic():
        psycopgs.execute("SELECT 1", prepare=True)
        transaction.set_rollback(True)
    del trips[:]
    with engine().pipelined_transaction():
        assert read(1).fetch() == []
        write(1)
    assert trips == [4, 4, 2]  # BEGIN is no longer prepared; the second attempt; the write
    assert connection.connection is psycopgs
    assert numbers() == [1]


def test_an_outer_transaction_needs_no_prepared_statements() -> None:
    with engine().pipelined_transaction():
        echo("a").fetch()
    with transaction.atomic():
        connection.connection.execute("DEALLOCATE ALL")
        with engine().pipelined_transaction():
            assert echo("b").fetch() == [("b",)]


def test_other_threads_run_while_one_waits_for_a_lock() -> None:
    write(1, "before")
    begun = Event()
    read_by_thread: list[Row] = []

    def wait_for_the_row() -> None:
        try:
            with engine().pipelined_transaction():
                locked = enqueue("SELECT text FROM notes WHERE number = 1 FOR UPDATE")
                begun.set()
                read_by_thread.extend(locked.fetch())
        finally:
            connections.close_all()

    thread = Thread(target=wait_for_the_row)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE notes SET text = 'after'")
        thread.start()
        assert begun.wait(A_LONG_TIME)
        waiting = 0
        while not waiting:  # endless, if the thread blocked all others
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            waiting = cursor.fetchone()[0]
        assert read_by_thread == []
    thread.join(A_LONG_TIME)
    assert read_by_thread == [("after",)]


@pytest.mark.parametrize("after_reading", [False, True])
def test_a_lost_connection_is_an_operational_error(after_reading: bool) -> None:
    with engine().pipelined_transaction():
        read(1).fetch()

    def lose_it() -> None:
        with engine().pipelined_transaction():
            if after_reading:
                read(1).fetch()
            write(1)
            end_the_connection()

    with pytest.raises(OperationalError):
        lose_it()
    connection.close_if_unusable_or_obsolete()
    with engine().pipelined_transaction():
        assert read(1).fetch() == []
        write(2)
    assert numbers() == [2]


def test_a_connection_lost_while_a_statement_runs() -> None:
    def lose_it() -> None:
        with engine().pipelined_transaction():
            write(2)
            enqueue("SELECT pg_terminate_backend(pg_backend_pid())").fetch()

    write(1)
    with pytest.raises(OperationalError):
        lose_it()
    connection.close_if_unusable_or_obsolete()
    with engine().pipelined_transaction():
        write(3)
    assert numbers() == [1, 3]


def test_what_cannot_be_encoded_is_rejected() -> None:
    statements: list[Statement] = [("SELECT CAST(%s AS text)", [text]) for text in ("a", "\ud800")]
    with closing(psycopg.connect(**connection.get_connection_params())) as own:
        with pytest.raises(UnicodeEncodeError):
            libpq.execute(own, statements, prepare=False)
        assert libpq.execute(own, statements[:1], prepare=False) == [[("a",)]]


def test_a_text_with_nul_is_rejected() -> None:
    with pytest.raises((DataError, ValueError)), engine().pipelined_transaction():
        echo("a\0b").fetch()


def test_prepared_statements_that_are_gone_within_a_transaction() -> None:
    with engine().pipelined_transaction():
        echo("a").fetch()
        with transaction.atomic():
            connection.connection.execute("SELECT 1", prepare=True)
            transaction.set_rollback(True)
        assert echo("b").fetch() == [("b",)]

"""Pipelined transactions: on both databases the same outcome, on PostgreSQL in two round trips."""

from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

import psycopg
import pytest
from django.db import (
    IntegrityError,
    OperationalError,
    ProgrammingError,
    connection,
    connections,
    transaction,
)
from django.test.utils import CaptureQueriesContext

from monoservices import libpq
from monoservices.database import is_postgresql
from monoservices.pipelining import Rows, pipelined_transaction, send

A_LONG_TIME = 60.0
"""Seconds after which something that hangs is given up."""

on_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite answers at once: nothing is pipelined"
)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("notes")]


@pytest.fixture
def notes(transactional_db: None) -> Iterator[None]:
    """A table of notes: a number, which is unique, and a text."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE notes (number integer PRIMARY KEY, text text)")
    yield
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE notes")


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements each round trip has had."""
    trips: list[int] = []
    execute = libpq.execute

    def noted(connection: Any, statements: Any, *, prepare: bool) -> list[list[libpq.Row]]:
        trips.append(len(statements))
        return execute(connection, statements, prepare=prepare)

    monkeypatch.setattr(libpq, "execute", noted)
    return trips


def write(number: int, text: str | None = None) -> Rows:
    return send(
        "INSERT INTO notes (number, text) VALUES (CAST(%s AS integer), CAST(%s AS text))",
        [number, text],
    )


def read(number: int) -> Rows:
    return send("SELECT text FROM notes WHERE number = CAST(%s AS integer)", [number])


def write_together(*numbers: int) -> None:
    with pipelined_transaction():
        for number in numbers:
            write(number)


def numbers() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM notes ORDER BY number")
        return [number for (number,) in cursor.fetchall()]


def echo(value: str | int | None, kind: str = "text") -> Rows:
    return send(f"SELECT CAST(%s AS {kind})", [value])


def test_what_is_sent_is_read_and_written() -> None:
    with pipelined_transaction():
        write(1, "one")
        one, none = read(1), read(2)
        assert one.fetch() == [("one",)]
        assert none.fetch() == []
        write(2)
    with pipelined_transaction():
        assert read(2).fetch() == [(None,)]
    assert numbers() == [1, 2]


def test_rows_are_fetched_in_any_order() -> None:
    with pipelined_transaction():
        first, second, third = echo("a"), echo("b"), echo("c")
        assert third.fetch() == [("c",)]
        fourth = echo("d")
        assert first.fetch() == [("a",)]
        assert fourth.fetch() == [("d",)]
        assert second.fetch() == [("b",)]


def test_without_a_transaction_a_statement_is_executed_at_once() -> None:
    write(1, "one")
    assert numbers() == [1]
    assert read(1).fetch() == [("one",)]


def test_an_empty_block() -> None:
    with pipelined_transaction():
        pass
    assert not connection.in_atomic_block
    assert numbers() == []


@pytest.mark.parametrize(
    "text", ["100 %", "%s %(a)s %%", "'; DROP TABLE notes; --", "\\", '"', "ß\U0001f375", "", None]
)
def test_texts_come_back_as_they_went_in(text: str | None) -> None:
    with pipelined_transaction():
        assert echo(text).fetch() == [(text,)]
        assert send("SELECT '100 %%', CAST(%s AS text)", [text]).fetch() == [("100 %", text)]
        write(1, text)
    with pipelined_transaction():
        assert read(1).fetch() == [(text,)]


@pytest.mark.parametrize("number", [0, -1, 2**63 - 1, -(2**63)])
def test_integers_come_back_as_they_went_in(number: int) -> None:
    with pipelined_transaction():
        assert echo(number, "bigint").fetch() == [(number,)]


def test_large_texts_go_both_ways_at_a_time() -> None:
    texts = [letter * 4_000_000 for letter in "abcd"]
    with pipelined_transaction():
        answers = [echo(text) for text in texts]
        assert [answer.fetch() == [(text,)] for answer, text in zip(answers, texts, strict=True)]
        for number, text in enumerate(texts):
            write(number, text)
    with pipelined_transaction():
        answers = [read(number) for number in range(4)]
        assert all(answer.fetch() == [(text,)] for answer, text in zip(answers, texts, strict=True))


def test_an_error_is_raised_and_nothing_is_written() -> None:
    write(1)
    with pytest.raises(IntegrityError):
        write_together(2, 1, 3)
    assert numbers() == [1]
    with pipelined_transaction():
        write(2)
    assert numbers() == [1, 2]


def test_an_error_of_python_rolls_back() -> None:
    def break_off() -> None:
        with pipelined_transaction():
            write(1)
            read(1).fetch()
            write(2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert numbers() == []
    assert not connection.in_atomic_block


def test_a_statement_that_cannot_be_prepared() -> None:
    def read_nothing() -> None:
        with pipelined_transaction():
            write(1)
            send("SELECT nothing FROM nowhere").fetch()

    error = ProgrammingError if is_postgresql() else OperationalError
    for _ in range(2):
        with pytest.raises(error):
            read_nothing()
    with pipelined_transaction():
        write(1)
    assert numbers() == [1]


def test_other_statements_run_after_what_was_sent_before() -> None:
    with pipelined_transaction():
        write(1)
        assert numbers() == [1]
        write(2)
        assert numbers() == [1, 2]
    assert numbers() == [1, 2]


def test_in_an_outer_transaction_the_block_is_a_savepoint() -> None:
    with transaction.atomic():
        write(1)
        with pipelined_transaction():
            write(2)
        with pytest.raises(IntegrityError):
            write_together(3, 2)
        with pipelined_transaction():
            assert read(2).fetch() == [(None,)]
            write(4)
    assert numbers() == [1, 2, 4]

    with transaction.atomic():
        write_together(5)
        transaction.set_rollback(True)
    assert numbers() == [1, 2, 4]


def test_a_pipelined_transaction_in_another() -> None:
    with pipelined_transaction():
        write(1)
        with pytest.raises(IntegrityError):
            write_together(2, 1)
        with pipelined_transaction():
            write(3)
        write(4)
    assert numbers() == [1, 3, 4]


def test_hooks_run_after_the_commit() -> None:
    seen: list[list[int]] = []
    with pipelined_transaction():
        write(1)
        transaction.on_commit(lambda: seen.append(numbers()))
        assert seen == []
    assert seen == [[1]]


def test_who_watches_statements_sees_what_is_sent() -> None:
    seen: list[tuple[str, Any]] = []

    def watch(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        seen.append((sql, params))
        return execute(sql, params, many, context)

    with CaptureQueriesContext(connection) as queries, connection.execute_wrapper(watch):
        with pipelined_transaction():
            echo("a").fetch()
            echo("b")
    # SQLite's BEGIN is a statement of Django's.
    sent = [(sql, params) for sql, params in seen if sql.startswith("SELECT")]
    assert sent == [("SELECT CAST(%s AS text)", ["a"]), ("SELECT CAST(%s AS text)", ["b"])]
    assert len([query for query in queries if query["sql"].startswith("SELECT")]) == 2


def test_who_watches_statements_may_refuse_them() -> None:
    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT"):
            raise ZeroDivisionError
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse), pytest.raises(ZeroDivisionError):
        write_together(1)
    assert numbers() == []


@on_postgresql
def test_two_round_trips(trips: list[int]) -> None:
    with pipelined_transaction():
        answers = [read(1), read(2)]
        assert [answer.fetch() for answer in answers] == [[], []]
        write(1)
        write(2)
    assert trips == [3, 3]  # BEGIN and the reads; the writes and COMMIT
    with pipelined_transaction():
        write(3)
    assert trips[2:] == [3]


@on_postgresql
def test_statements_stay_prepared_after_an_error(trips: list[int]) -> None:
    with pipelined_transaction():
        read(1).fetch()
        write(1)
    with pytest.raises(IntegrityError):
        write_together(2, 1)
    prepared = set(libpq._prepared[connection.connection])
    del trips[:]
    with pipelined_transaction():
        assert read(1).fetch() == [(None,)]
        write(2)
    assert trips == [2, 2]  # no trip more, in which anything would have been prepared anew
    assert set(libpq._prepared[connection.connection]) == prepared
    assert numbers() == [1, 2]


@on_postgresql
def test_after_prepared_statements_are_gone_a_transaction_begins_again(trips: list[int]) -> None:
    with pipelined_transaction():
        read(1).fetch()
    psycopgs = connection.connection
    with transaction.atomic():
        psycopgs.execute("SELECT 1", prepare=True)
        transaction.set_rollback(True)
    del trips[:]
    with pipelined_transaction():
        assert read(1).fetch() == []
        write(1)
    assert trips == [2, 2, 2]  # BEGIN is not known any more; once more; the write
    assert connection.connection is psycopgs
    assert numbers() == [1]


@on_postgresql
def test_other_threads_run_while_one_waits_for_a_lock() -> None:
    write(1, "before")
    begun = Event()
    read_by_thread: list[libpq.Row] = []

    def wait_for_the_row() -> None:
        try:
            with pipelined_transaction():
                locked = send("SELECT text FROM notes WHERE number = 1 FOR UPDATE")
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
        while not waiting:  # if the thread kept all others waiting, this would never go on
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            waiting = cursor.fetchone()[0]
        assert read_by_thread == []
    thread.join(A_LONG_TIME)
    assert read_by_thread == [("after",)]


def end_the_connection() -> None:
    """Have the server end this thread's connection, and return when it is gone."""
    pid = connection.connection.info.backend_pid
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 60000)", [pid]).fetchone() == (True,)


@on_postgresql
@pytest.mark.parametrize("after_reading", [False, True])
def test_a_lost_connection_is_an_operational_error(after_reading: bool) -> None:
    with pipelined_transaction():
        read(1).fetch()

    def lose_it() -> None:
        with pipelined_transaction():
            if after_reading:
                read(1).fetch()
            write(1)
            end_the_connection()

    with pytest.raises(OperationalError):
        lose_it()
    connection.close_if_unusable_or_obsolete()
    with pipelined_transaction():
        assert read(1).fetch() == []
        write(2)
    assert numbers() == [2]


@on_postgresql
def test_a_connection_lost_while_a_statement_runs() -> None:
    def lose_it() -> None:
        with pipelined_transaction():
            write(2)
            send("SELECT pg_terminate_backend(pg_backend_pid())").fetch()

    write(1)
    with pytest.raises(OperationalError):
        lose_it()
    connection.close_if_unusable_or_obsolete()
    with pipelined_transaction():
        write(3)
    assert numbers() == [1, 3]

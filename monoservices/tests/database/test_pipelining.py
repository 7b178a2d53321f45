"""Pipelined transactions: what they do on both databases."""

from contextlib import suppress
from typing import Any

import pytest
from django.db import (
    DatabaseError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)
from django.test.utils import CaptureQueriesContext

from monoservices.database.engines import engine
from monoservices.database.statements import enqueue
from monoservices.tests.notes import echo, numbers, read, write, write_together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("notes")]


def test_enqueued_statements_read_and_write() -> None:
    with engine().pipelined_transaction():
        write(1, "one")
        one, none = read(1), read(2)
        assert one.fetch() == [("one",)]
        assert none.fetch() == []
        write(2)
    with engine().pipelined_transaction():
        assert read(2).fetch() == [(None,)]
    assert numbers() == [1, 2]


def test_rows_are_fetched_in_any_order() -> None:
    with engine().pipelined_transaction():
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


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL keeps plans")
def test_plans_look_rows_up_by_their_keys_until_the_end() -> None:
    names = ("plan_cache_mode", "enable_seqscan", "enable_hashjoin", "enable_mergejoin")
    settings = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
    before = enqueue(settings).fetch()
    with engine().pipelined_transaction():
        assert enqueue(settings).fetch() == [("force_generic_plan", "off", "off", "off")]
        write(1)
    assert enqueue(settings).fetch() == before == [("force_custom_plan", "on", "on", "on")]


def test_an_empty_block() -> None:
    with engine().pipelined_transaction():
        pass
    assert not connection.in_atomic_block
    assert numbers() == []


@pytest.mark.parametrize(
    "text", ["100 %", "%s %(a)s %%", "'; DROP TABLE notes; --", "\\", '"', "ß\U0001f375", "", None]
)
def test_texts_come_back_as_they_went_in(text: str | None) -> None:
    with engine().pipelined_transaction():
        assert echo(text).fetch() == [(text,)]
        assert enqueue("SELECT '100 %%', CAST(%s AS text)", [text]).fetch() == [("100 %", text)]
        write(1, text)
    with engine().pipelined_transaction():
        assert read(1).fetch() == [(text,)]


@pytest.mark.parametrize("number", [0, -1, 2**63 - 1, -(2**63)])
def test_integers_come_back_as_they_went_in(number: int) -> None:
    with engine().pipelined_transaction():
        assert echo(number, "bigint").fetch() == [(number,)]


def test_large_texts_go_both_ways_at_the_same_time() -> None:
    texts = [letter * 4_000_000 for letter in "abcd"]
    with engine().pipelined_transaction():
        answers = [echo(text) for text in texts]
        assert [answer.fetch() == [(text,)] for answer, text in zip(answers, texts, strict=True)]
        for number, text in enumerate(texts):
            write(number, text)
    with engine().pipelined_transaction():
        answers = [read(number) for number in range(4)]
        assert all(answer.fetch() == [(text,)] for answer, text in zip(answers, texts, strict=True))


def test_an_error_is_raised_and_nothing_is_written() -> None:
    write(1)
    with pytest.raises(IntegrityError):
        write_together(2, 1, 3)
    assert numbers() == [1]
    with engine().pipelined_transaction():
        write(2)
    assert numbers() == [1, 2]


def test_an_error_of_python_rolls_back() -> None:
    def break_off() -> None:
        with engine().pipelined_transaction():
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
        with engine().pipelined_transaction():
            write(1)
            enqueue("SELECT nothing FROM nowhere").fetch()

    error = ProgrammingError if connection.vendor == "postgresql" else OperationalError
    for _ in range(2):
        with pytest.raises(error):
            read_nothing()
    with engine().pipelined_transaction():
        write(1)
    assert numbers() == [1]


def test_other_statements_run_after_those_enqueued_before() -> None:
    with engine().pipelined_transaction():
        write(1)
        assert numbers() == [1]
        write(2)
        assert numbers() == [1, 2]
    assert numbers() == [1, 2]


def test_in_an_outer_transaction_the_block_is_a_savepoint() -> None:
    with transaction.atomic():
        write(1)
        with engine().pipelined_transaction():
            write(2)
        with pytest.raises(IntegrityError):
            write_together(3, 2)
        with engine().pipelined_transaction():
            assert read(2).fetch() == [(None,)]
            write(4)
    assert numbers() == [1, 2, 4]

    with transaction.atomic():
        write_together(5)
        transaction.set_rollback(True)
    assert numbers() == [1, 2, 4]


def test_a_pipelined_transaction_in_another() -> None:
    with engine().pipelined_transaction():
        write(1)
        with pytest.raises(IntegrityError):
            write_together(2, 1)
        with engine().pipelined_transaction():
            write(3)
        write(4)
    assert numbers() == [1, 3, 4]


def test_hooks_run_after_the_commit() -> None:
    seen: list[list[int]] = []
    with engine().pipelined_transaction():
        write(1)
        transaction.on_commit(lambda: seen.append(numbers()))
        assert seen == []
    assert seen == [[1]]


def test_execute_wrappers_see_enqueued_statements() -> None:
    seen: list[tuple[str, Any]] = []

    def watch(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        seen.append((sql, params))
        return execute(sql, params, many, context)

    with (
        CaptureQueriesContext(connection) as queries,
        connection.execute_wrapper(watch),
        engine().pipelined_transaction(),
    ):
        echo("a").fetch()
        echo("b")
    # On SQLite, Django also executes BEGIN as a statement.
    sent = [(sql, params) for sql, params in seen if sql.startswith("SELECT")]
    assert sent == [("SELECT CAST(%s AS text)", ["a"]), ("SELECT CAST(%s AS text)", ["b"])]
    assert len([query for query in queries if query["sql"].startswith("SELECT")]) == 2


def test_execute_wrappers_may_reject_statements() -> None:
    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT"):
            raise ZeroDivisionError
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse), pytest.raises(ZeroDivisionError):
        write_together(1)
    assert numbers() == []


def test_a_block_that_ignores_an_error_still_fails() -> None:
    def ignore_the_error() -> None:
        with engine().pipelined_transaction():
            write(2)
            with suppress(Exception):
                write(1).fetch()

    write(1)
    try:
        ignore_the_error()
    except DatabaseError:
        assert numbers() == [1]
    else:
        assert numbers() == [1, 2]

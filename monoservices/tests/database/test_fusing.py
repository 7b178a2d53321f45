"""Statements of one round trip that PostgreSQL executes as one."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from monoservices.database import libpq
from monoservices.database.engines import engine
from monoservices.database.statements import AFTER_THE_OTHERS, PendingRows, enqueue
from monoservices.tests.notes import numbers, write

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("notes")]

on_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite executes each statement at once"
)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first word of each statement that was sent in a pipeline."""
    words: list[str] = []
    execute = libpq.execute

    def spy(connection: Any, statements: Sequence[Any], **options: Any) -> Any:
        words.extend(sql.split()[0] for sql, _ in statements)
        return execute(connection, statements, **options)

    monkeypatch.setattr(libpq, "execute", spy)
    return words


def values(rows: int) -> PendingRows:
    return enqueue(
        "SELECT r.n, CAST('ß\"\\' AS text), r.n = 2, NULL FROM"
        " (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 9223372036854775807) AS r"
        " ORDER BY r.n LIMIT CAST(%s AS integer)",
        [rows],
        columns=4,
    )


@pytest.mark.parametrize("way", [nullcontext, engine().pipelined_transaction])
def test_reads_that_are_neighbors_have_rows_of_their_own(way: Any) -> None:
    expected = [(1, 'ß"\\', 0, None), (2, 'ß"\\', 1, None), (2**63 - 1, 'ß"\\', 0, None)]
    with way():
        some, none, every = values(2), values(0), values(9)
        assert every.fetch() == expected
        assert (some.fetch(), none.fetch()) == (expected[:2], [])


@on_postgresql
def test_reads_that_are_neighbors_are_sent_as_one(sent: list[str]) -> None:
    with engine().pipelined_transaction():
        values(1)
        values(2).fetch()
        assert sent == ["BEGIN", "SELECT", "SELECT"]  # the second sets how to plan
        values(1)
        write(1)
        values(1)
        sent.clear()
    assert sent == ["SELECT", "INSERT", "SELECT", "COMMIT"]


def write_twice(*, after: str = AFTER_THE_OTHERS) -> None:
    """Write note 1, and as many notes as there were before, with numbers from a sequence."""
    with engine().pipelined_transaction(), engine().writes_together():
        enqueue("INSERT INTO notes SELECT nextval('note_numbers'), 'first'")
        enqueue("INSERT INTO notes SELECT nextval('note_numbers'), 'second'")
        enqueue(f"""
            WITH last AS MATERIALIZED (
                SELECT nextval('note_numbers') AS number FROM (SELECT 1) AS one WHERE {after}
            )
            INSERT INTO notes SELECT number, 'last' FROM last
        """)  # noqa: S608 - constants


@pytest.fixture
def note_numbers(notes: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE note_numbers")
        yield
        cursor.execute("DROP SEQUENCE note_numbers")


def last_note() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM notes ORDER BY number DESC LIMIT 1")
        [[text]] = cursor.fetchall()
    return str(text)


@on_postgresql
@pytest.mark.usefixtures("note_numbers")
def test_writes_together_are_sent_as_one(sent: list[str]) -> None:
    write_twice()
    assert sent[-2:] == ["WITH", "COMMIT"]
    assert len(sent) == 5
    assert (numbers(), last_note()) == ([1, 2, 3], "last")


@on_postgresql
@pytest.mark.usefixtures("note_numbers")
def test_control_without_the_condition_the_last_comes_first() -> None:
    write_twice(after="TRUE")
    assert (len(numbers()), last_note() != "last") == (3, True)


def test_writes_together_are_all_written_or_none() -> None:
    def write_all(*these: int) -> None:
        with engine().pipelined_transaction(), engine().writes_together():
            for each in these:
                write(each)

    write_all(1)
    with pytest.raises(IntegrityError):
        write_all(2, 1, 3)
    assert numbers() == [1]
    write_all(2, 3)
    assert numbers() == [1, 2, 3]


def test_writes_together_outside_of_a_pipeline() -> None:
    with transaction.atomic(), engine().writes_together():
        write(1)
        assert numbers() == [1]

"""The little that differs between PostgreSQL and SQLite, behind one seam."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import psycopg
from django.db import OperationalError, connection, models, transaction

from monoservices.database.pipelining import PendingRows, enqueue


@cache
def is_postgresql() -> bool:
    """Whether the default database is PostgreSQL; otherwise it is SQLite."""
    return connection.vendor == "postgresql"


def as_timestamp(moment: datetime) -> str:
    """An aware datetime as the text that a `timestamp` column of `database.rows` takes."""
    if is_postgresql():
        return moment.isoformat()
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def for_update(alias: str, *, skip_locked: bool = False) -> str:
    """The clause that locks the rows of `alias` in a SELECT against other writers.

    skip_locked: leave out rows that somebody else has locked, rather than wait for them.
    SQLite has none: a transaction that begins IMMEDIATE is alone in writing.
    """
    if not is_postgresql():
        return ""
    return f"FOR NO KEY UPDATE OF {alias}{' SKIP LOCKED' if skip_locked else ''}"


def money_column(column: str) -> str:
    """An expression for an amount of money as text with two decimal places, exactly.

    SQLite keeps amounts as floating-point numbers, which are exact to 15 digits.
    """
    return f"{column}::text" if is_postgresql() else f"printf('%%.2f', {column})"


def is_lock_timeout(error: OperationalError) -> bool:
    """Whether somebody else held a row for longer than `lock_timeout`."""
    return isinstance(error.__cause__, psycopg.errors.LockNotAvailable)


def reserve_ids(model: type[models.Model], count: int) -> PendingRows:
    """Take `count` primary keys of `model` that nobody else will get: rows (key,), ascending.

    One statement. On SQLite it must be called in a transaction, which is alone in writing.
    """
    table, column = model._meta.db_table, model._meta.pk.column
    if is_postgresql():
        return enqueue(
            # The inner SELECT is done once; its name would else be looked up for every id.
            "SELECT nextval((SELECT pg_get_serial_sequence(%s, %s)::regclass)) "
            "FROM generate_series(1, %s)",
            [table, column, count],
        )
    # AUTOINCREMENT's own book-keeping, which survives deletions.
    return enqueue(
        """
        WITH RECURSIVE counted (number) AS (
            SELECT 1 UNION ALL SELECT number + 1 FROM counted WHERE number < %s
        )
        SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = %s), 0) + number
        FROM counted WHERE number <= %s
        """,
        [count, table, count],
    )


@contextmanager
def consistent_snapshot() -> Iterator[None]:
    """Read everything as it was at one moment, without holding up any writer."""
    if is_postgresql():
        with transaction.atomic():
            if not _in_outer_transaction():
                _execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            _execute("SET LOCAL statement_timeout = 0")
            yield
        return
    connection.ensure_connection()  # which is what sets the mode
    sqlite: Any = connection
    mode, sqlite.transaction_mode = sqlite.transaction_mode, "DEFERRED"
    try:
        with transaction.atomic():
            yield
    finally:
        sqlite.transaction_mode = mode


def _in_outer_transaction() -> bool:
    return len(connection.savepoint_ids) > 0


def _execute(sql: str, params: Sequence[Any] = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)

"""SQLite: a transaction that writes is the only one, and rows travel as one JSON array.

SQLite runs in this process and responds at once, so there are no round trips to share.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count as count_from
from random import Random
from typing import Any

import msgspec
from django.db import connection, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from monoservices.database.copying import sqlite as copying
from monoservices.database.folding import fold_ascii, pattern
from monoservices.database.statements import Parameter, PendingRows, UniqueKey, enqueue
from monoservices.database.trigrams import Condition

LOCKS_ROWS = False
FINDS_PARTS = False

BACKUP_SUFFIX = copying.BACKUP_SUFFIX
write_backup = copying.write_backup
restore_backup = copying.restore_backup


def now() -> datetime:
    """Python's clock: SQLite reads the same one of this machine, and says milliseconds only."""
    return timezone.now()


def moment_or_now() -> str:
    """Times are texts in UTC; this one ends with milliseconds, and theirs with microseconds."""
    return "coalesce(%s, strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now'))"


@contextmanager
def pipelined_transaction() -> Iterator[Callable[[], datetime]]:
    with transaction.atomic():
        yield now  # nobody else writes any more, so that any time is as good


def writes_together() -> AbstractContextManager[None]:
    return nullcontext()


@contextmanager
def pipelined_read() -> Iterator[None]:
    yield


@contextmanager
def consistent_snapshot(
    *, may_take_long: bool = False, of_whole_tables: bool = False
) -> Iterator[None]:
    connection.ensure_connection()  # connecting sets the mode
    # Django has no public way to begin one transaction in another mode.
    sqlite: Any = connection
    mode, sqlite.transaction_mode = sqlite.transaction_mode, "DEFERRED"
    try:
        with transaction.atomic():
            yield
    finally:
        sqlite.transaction_mode = mode


def long_statements(database: BaseDatabaseWrapper) -> AbstractContextManager[None]:
    return nullcontext()  # no statement has a limit


def serve_batches() -> None:
    """Nothing: SQLite waits for other writers only, as long as the option `timeout` says."""


def impatient_options(seconds: int) -> dict[str, Any]:
    return {"timeout": seconds}


def try_to_write(database: BaseDatabaseWrapper) -> None:
    with database.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("ROLLBACK")


def reserve_ids(model: type[models.Model], count: int) -> PendingRows:
    table = model._meta.db_table
    # AUTOINCREMENT keeps the highest id in sqlite_sequence, even after the row is deleted.
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


def for_update(alias: str, *, skip_locked: bool = False) -> str:
    """Nothing: a transaction that begins IMMEDIATE is the only one that writes."""
    return ""


def money_column(column: str) -> str:
    """SQLite keeps amounts as floating-point numbers, which are exact to 15 digits."""
    # For NULL, printf alone would be 0.00.
    return f"CASE WHEN {column} IS NOT NULL THEN printf('%%.2f', {column}) END"


def selected(alias: str, columns: Mapping[str, str]) -> str:
    return ", ".join(
        money_column(f"{alias}.{name}") if kind == "numeric" else f"{alias}.{name}"
        for name, kind in columns.items()
    )


def loaders(columns: Mapping[str, str]) -> list[Callable[[Any], Any] | None]:
    return [_LOADERS.get(kind) for kind in columns.values()]


def _moment(naive: datetime) -> datetime:
    """Django has sqlite3 read the columns of timestamps, which are in UTC, and of booleans."""
    return naive.replace(tzinfo=UTC)


_LOADERS: Mapping[str, Callable[[Any], Any]] = {
    "numeric": Decimal,
    "timestamp": _moment,
    "json": msgspec.json.decode,
}


def first_rows_of_each(table: str, *, condition: str, order: str, limit: str) -> str:
    """SQLite has no LATERAL, but looks the rows of a correlated IN up by their ids."""
    first = f"SELECT p.id FROM {table} AS p WHERE {condition} ORDER BY {order} LIMIT {limit}"  # noqa: S608
    return f"JOIN {table} AS t ON t.id IN ({first})"


def union_of_bits(expression: str) -> str:
    return f"sum(DISTINCT {expression})"


def weight_of(first: str, second: str, seed: int) -> str:
    """A polynomial of degree 4 with random coefficients, modulo a prime; SQLite has no hash.

    It is linear in no id, so that differences that cancel each other get weights that do not.
    """
    prime = 2**31 - 1
    a, b, c = Random(seed).choices(range(1, prime), k=3)  # noqa: S311 - no secret
    linear = f"({first} %% {prime} * {a} + {second} %% {prime} * {b} + {c}) %% {prime}"
    square = f"(({linear}) * ({linear}) %% {prime})"
    return f"({square} * {square} %% {prime})"


def json_rows(columns: Mapping[str, str]) -> str:
    values = (
        money_column(f"r.{name}") if kind == "numeric" else f"r.{name}"
        for name, kind in columns.items()
    )
    return f"json_group_array(json_array({', '.join(values)}))"


def rows_from(columns: Mapping[str, str], shared: Collection[str]) -> str:
    positions = count_from()
    expressions = [
        f"%s AS {name}"
        if name in shared
        else f"json_extract(value, '$[{next(positions)}]') AS {name}"
        for name in columns
    ]
    selected = ", ".join(expressions)
    return f"(SELECT {selected} FROM json_each(%s)) AS r"  # noqa: S608 - names, not values


def row_parameters(
    columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], shared: Mapping[str, Any]
) -> list[Parameter]:
    own = [(name, kind) for name, kind in columns.items() if name not in shared]
    values = [[_as_sent(kind, row[name]) for name, kind in own] for row in rows]
    return [
        *(_as_sent(kind, shared[name]) for name, kind in columns.items() if name in shared),
        msgspec.json.encode(values).decode(),
    ]


def _as_sent(kind: str, value: Any) -> Any:
    """A value as the column keeps it, except for a decimal, which stays exact as text."""
    match kind:
        case "numeric" if value is not None:
            return str(value)
        case "timestamp" if value is not None:
            return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
        case "json" if value is not None:
            return msgspec.json.encode(value).decode()
        case _:
            return value


def append_only(table: str, keys: Sequence[UniqueKey]) -> tuple[Sequence[str], Sequence[str]]:
    """Reject UPDATE and DELETE, and INSERT of a row with a key that exists.

    INSERT OR REPLACE deletes the row that has the key, and fires no trigger for that.
    """
    refused = f"SELECT RAISE(ABORT, '{table} is append-only')"
    bodies = {"UPDATE": [refused], "DELETE": [refused]}
    bodies["INSERT"] = [_refuse_existing(table, columns, condition) for columns, condition in keys]
    triggers = {event: f"{table}_no_{event}" for event in ("UPDATE", "DELETE")}
    triggers["INSERT"] = f"{table}_no_REPLACE"
    undo = [f"DROP TRIGGER IF EXISTS {name}" for name in triggers.values()]
    return [
        *undo,
        *(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table}\n"
            f"BEGIN {''.join(f'{each}; ' for each in bodies[event])}END"
            for event, name in triggers.items()
        ),
    ], undo


def _refuse_existing(table: str, columns: Sequence[str], condition: str) -> str:
    """Refuse, in SQLite's own words, the new row whose key a row has already."""
    same = " AND ".join(f"{column} = NEW.{column}" for column in columns)
    if condition:
        same += f" AND ({condition})"
    names = ", ".join(f"{table}.{column}".replace('"', "") for column in columns)
    message = f"UNIQUE constraint failed: {names} ({table} is append-only)"
    found = f"SELECT 1 FROM {table} WHERE {same}"  # noqa: S608 - names of a migration
    return f"SELECT RAISE(ABORT, '{message}') WHERE EXISTS ({found})"


def substring_index(name: str, *, table: str, column: str) -> Sequence[str]:
    """Nothing: SQLite reads the whole table."""
    return []


def contains(expression: str, text: str) -> Condition:
    """SQLite's own lower() knows ASCII only. Django adds REGEXP, which is Python's."""
    if text.isascii():
        return f"instr(lower({expression}), %s) > 0", [fold_ascii(text)]
    return f"lower({expression}) REGEXP %s", [pattern(text)]


may_contain = contains


def part_index(
    name: str,
    *,
    table: str,
    expression: str,
    beside: Sequence[str] = (),
    condition: str = "",
    kilobytes: int = 4096,
) -> Sequence[str]:
    """Nothing: SQLite reads the whole table."""
    return []

"""PostgreSQL: writers lock rows, statements share round trips, columns travel as arrays."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from decimal import Decimal
from itertools import count as count_from
from typing import Any

import msgspec
from django.db import OperationalError, connection, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from monoservices.database import pipelining, trigrams
from monoservices.database.copying import postgresql as copying
from monoservices.database.statements import Parameter, PendingRows, UniqueKey, enqueue

LOCKS_ROWS = True
FINDS_PARTS = True

LONG_WAIT_SECONDS = 600.0
"""How long each wait may take in a transaction that may take long."""
LONG_STATEMENT_SECONDS = 3_600
"""How long a statement of a migration may take that reads or writes a whole table."""

WORK_MEM = "64MB"
"""For each sort and join of statements that read whole tables."""

_OTHER_NAMES = {"timestamp": "timestamptz", "json": "jsonb"}
"""Of types of columns."""

pipelined_transaction = pipelining.pipelined_transaction
writes_together = pipelining.writes_together
pipelined_read = pipelining.pipelined_read
contains = trigrams.contains
may_contain = trigrams.may_contain
BACKUP_SUFFIX = copying.BACKUP_SUFFIX
write_backup = copying.write_backup
restore_backup = copying.restore_backup


def now() -> datetime:
    """Not PostgreSQL's own now(), which is when the transaction began."""
    moment: datetime = enqueue("SELECT clock_timestamp()").fetch()[0][0]
    return moment


def moment_or_now() -> str:
    return "coalesce(%s::timestamptz, statement_timestamp())"


@contextmanager
def consistent_snapshot(
    *, may_take_long: bool = False, of_whole_tables: bool = False
) -> Iterator[None]:
    with transaction.atomic():
        # Django does not say publicly whether a transaction is the outermost one.
        is_outermost = not connection.savepoint_ids
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if of_whole_tables:
            _plan_for_whole_tables()
        with _long_waits() if may_take_long else nullcontext():
            yield


def _plan_for_whole_tables() -> None:
    """Let sorts and joins of a million rows fit in memory, until the transaction ends.

    Usually, PostgreSQL plans a cursor so that the first tenth of its rows comes soon.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '{WORK_MEM}'")
        cursor.execute("SET LOCAL cursor_tuple_fraction = 1")


@contextmanager
def _long_waits() -> Iterator[None]:
    """Let statements of this transaction, and pauses between them, take long."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    session: Any = connection.connection
    usual, session.longest_wait = session.longest_wait, LONG_WAIT_SECONDS
    try:
        yield
    finally:
        session.longest_wait = usual


@contextmanager
def long_statements(database: BaseDatabaseWrapper) -> Iterator[None]:
    database.ensure_connection()
    session: Any = database.connection
    scope = "LOCAL" if database.in_atomic_block else "SESSION"
    _set_statement_timeout(database, scope, f"{LONG_STATEMENT_SECONDS}s")
    usual, session.longest_wait = session.longest_wait, float(LONG_STATEMENT_SECONDS)
    try:
        yield
    except BaseException:
        if scope == "SESSION" and not session.closed:  # a transaction forgets what is LOCAL
            _set_statement_timeout(database, scope, "DEFAULT")
        raise
    else:
        _set_statement_timeout(database, scope, "DEFAULT")
    finally:
        session.longest_wait = usual


def _set_statement_timeout(database: BaseDatabaseWrapper, scope: str, value: str) -> None:
    value = value if value == "DEFAULT" else f"'{value}'"
    with database.cursor() as cursor:
        cursor.execute(f"SET {scope} statement_timeout TO {value}")


def serve_batches() -> None:
    database: Any = connection
    database.serve_batches(longest_wait=pipelining.LONGEST_WAIT_SECONDS, settings=pipelining.PLANS)


def impatient_options(seconds: int) -> dict[str, Any]:
    return {"connect_timeout": seconds, "longest_wait": seconds}


def try_to_write(database: BaseDatabaseWrapper) -> None:
    database.ensure_connection()
    # The server would keep the session as long as COMMIT waits for a standby. Nobody needs it.
    database.connection.cancels_late = True
    with database.cursor() as cursor:
        # The message is in the write-ahead log alone, so COMMIT waits for disk and standby.
        cursor.execute(
            "SELECT current_setting('transaction_read_only'),"
            " pg_logical_emit_message(true, 'tradepost', '')"
        )
        if cursor.fetchone()[0] == "on":
            raise OperationalError("The database is read-only.")


def reserve_ids(model: type[models.Model], count: int) -> PendingRows:
    return enqueue(
        # The inner SELECT runs once. Without it, PostgreSQL looks the name up for every id.
        "SELECT nextval((SELECT pg_get_serial_sequence(%s, %s)::regclass)) "
        "FROM generate_series(1, %s)",
        [model._meta.db_table, model._meta.pk.column, count],
        columns=1,
    )


def for_update(alias: str, *, skip_locked: bool = False) -> str:
    return f"FOR NO KEY UPDATE OF {alias}{' SKIP LOCKED' if skip_locked else ''}"


def money_column(column: str) -> str:
    return f"{column}::text"


def selected(alias: str, columns: Mapping[str, str]) -> str:
    as_text = {"numeric", "json"}
    return ", ".join(
        f"{alias}.{name}::text" if kind in as_text else f"{alias}.{name}"
        for name, kind in columns.items()
    )


def loaders(columns: Mapping[str, str]) -> list[Callable[[Any], Any] | None]:
    return [_LOADERS.get(kind) for kind in columns.values()]


_LOADERS: Mapping[str, Callable[[Any], Any]] = {"numeric": Decimal, "json": msgspec.json.decode}


def first_rows_of_each(table: str, *, condition: str, order: str, limit: str) -> str:
    first = f"SELECT p.* FROM {table} AS p WHERE {condition} ORDER BY {order} LIMIT {limit}"  # noqa: S608
    return f"CROSS JOIN LATERAL ({first}) AS t"


def union_of_bits(expression: str) -> str:
    return f"bit_or({expression})"


def weight_of(first: str, second: str, seed: int) -> str:
    """PostgreSQL's own hash of a bigint, which hash partitions use too. The second id seeds it."""
    return f"(hashint8extended({first}, {second} # {seed}) & {2**31 - 1})"


def json_rows(columns: Mapping[str, str]) -> str:
    values = (
        money_column(f"r.{name}") if kind == "numeric" else f"r.{name}"
        for name, kind in columns.items()
    )
    return f"coalesce(json_agg(json_build_array({', '.join(values)})), '[]')::text"


def rows_from(columns: Mapping[str, str], shared: Collection[str]) -> str:
    positions = count_from()
    expressions = [
        f"%s::{_type(kind)} AS {name}"
        if name in shared
        else f"{_value(next(positions), kind)} AS {name}"
        for name, kind in columns.items()
    ]
    selected = ", ".join(expressions)
    # PostgreSQL reads an array of arrays three times as fast as an array of objects, and Python
    # writes it twice as fast as an array for each column.
    return f"(SELECT {selected} FROM jsonb_array_elements(%s::jsonb)) AS r"  # noqa: S608 - names


def _value(position: int, kind: str) -> str:
    if kind == "json":
        return f"nullif(value -> {position}, 'null')"
    text = f"value ->> {position}"
    return f"({text})" if kind == "text" else f"({text})::{_type(kind)}"


def _type(kind: str) -> str:
    return _OTHER_NAMES.get(kind, kind)


def row_parameters(
    columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], shared: Mapping[str, Any]
) -> list[Parameter]:
    own = [name for name in columns if name not in shared]
    values = [[row[name] for name in own] for row in rows]
    return [
        *(_as_parameter(kind, shared[name]) for name, kind in columns.items() if name in shared),
        # Amounts of money are texts, and times are in ISO style, so that both stay exact.
        msgspec.json.encode(values).decode(),
    ]


def _as_parameter(kind: str, value: Any) -> Parameter:
    match value:
        case None | str() | int() if kind != "json":
            scalar: Parameter = value
            return scalar
        case datetime():
            return value.isoformat()
        case _ if kind == "json":
            return None if value is None else msgspec.json.encode(value).decode()
        case _:
            return str(value)


def append_only(table: str, keys: Sequence[UniqueKey]) -> tuple[Sequence[str], Sequence[str]]:
    """Reject UPDATE, DELETE and TRUNCATE. INSERT cannot replace a row here, as it can on SQLite."""
    function = (
        f"CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$\n"
        "BEGIN\n"
        f"    RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'restrict_violation';\n"
        "END $$"
    )
    events = {
        f"{table}_append_only": ("UPDATE OR DELETE", "ROW"),
        f"{table}_no_truncate": ("TRUNCATE", "STATEMENT"),  # no rows are shown to triggers
    }
    triggers = [
        f"CREATE OR REPLACE TRIGGER {name} BEFORE {event} ON {table}\n"
        f"    FOR EACH {each} EXECUTE FUNCTION {table}_append_only()"
        for name, (event, each) in events.items()
    ]
    return [function, *triggers], [
        *(f"DROP TRIGGER IF EXISTS {name} ON {table}" for name in events),
        f"DROP FUNCTION IF EXISTS {table}_append_only()",
    ]


def substring_index(name: str, *, table: str, column: str) -> Sequence[str]:
    return [
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        f"CREATE INDEX {name} ON {table} USING gin ({column} gin_trgm_ops)",
    ]


def part_index(
    name: str,
    *,
    table: str,
    expression: str,
    beside: Sequence[str] = (),
    condition: str = "",
    kilobytes: int = 4096,
) -> Sequence[str]:
    columns = [*(f"({each})" for each in beside), f"({trigrams.indexed(expression)}) gin_trgm_ops"]
    return [
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        f"DROP INDEX CONCURRENTLY IF EXISTS {name}",  # what an attempt that failed has left
        trigrams.index(
            name, table=table, columns=columns, condition=condition, kilobytes=kilobytes
        ),
    ]

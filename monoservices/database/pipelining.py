"""Transactions in two round trips to PostgreSQL: one that reads, one that writes and commits.

A batch of small statements spends most of its time on waiting for responses. Here, statements wait
until somebody fetches rows, and then go out together: BEGIN and the reads in one round trip, the
writes and COMMIT in another.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from psycopg.errors import InvalidSqlStatementName
from psycopg.pq import TransactionStatus

from monoservices.database import libpq
from monoservices.database.backend.connection import Connection
from monoservices.database.backend.outcomes import OutcomeUnknown, committed_nothing
from monoservices.database.backend.standby import commits
from monoservices.database.fusing import Enqueued, fuse
from monoservices.database.statements import (
    Parameters,
    PendingRows,
    Row,
    Statement,
    enqueue_in_pipeline,
)

# One plan for all batches, which looks rows up by their keys: planning costs as much as looking up.
# A plan from when a table was small would read the whole table as long as the connection lives.
PLANS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_BEGIN: Statement = ("BEGIN", ())
_SET_PLANS: Statement = (
    "SELECT " + ", ".join(f"set_config('{key}', '{value}', true)" for key, value in PLANS.items()),
    (),
)
_ASK_FOR_PLANS: Statement = (
    "SELECT "
    + " AND ".join(f"current_setting('{key}') = '{value}'" for key, value in PLANS.items()),
    (),
)
"""Whether the connection has these settings already. Some poolers ignore a connection's options."""
_CLOCK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

LONGEST_WAIT_SECONDS = 10.0
"""After which a round trip fails. Many requests wait for it, and its statements take no time."""
_COMMIT = "COMMIT"

_together: ContextVar[object | None] = ContextVar("together", default=None)
"""The block of `writes_together` that is open now, if one is."""


@contextmanager
def pipelined_transaction() -> Iterator[Callable[[], datetime]]:
    """`Engine.pipelined_transaction` for PostgreSQL."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        pipeline = _Pipeline(connections[DEFAULT_DB_ALIAS], prepare=is_outermost)
        token = enqueue_in_pipeline.set(pipeline.enqueue)
        try:
            with connection.execute_wrapper(pipeline.flush_before):
                yield pipeline.began_at
            if is_outermost:
                pipeline.commit()
            else:
                pipeline.flush()
        except BaseException:
            if is_outermost:
                pipeline.roll_back()
            raise
        finally:
            enqueue_in_pipeline.reset(token)


@contextmanager
def writes_together() -> Iterator[None]:
    """`Engine.writes_together` for PostgreSQL."""
    if enqueue_in_pipeline.get() is None:
        yield
        return
    token = _together.set(object())
    try:
        yield
    finally:
        _together.reset(token)


@contextmanager
def pipelined_read() -> Iterator[None]:
    """`Engine.pipelined_read` for PostgreSQL."""
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    # Statements of one trip without BEGIN are a transaction of their own; it ends with the trip.
    pipeline = _Pipeline(database, prepare=not database.in_atomic_block, begins=False)
    token = enqueue_in_pipeline.set(pipeline.enqueue)
    try:
        yield
    finally:
        enqueue_in_pipeline.reset(token)


class _Pipeline:
    """The statements of one transaction; some of them have not been sent yet."""

    def __init__(self, database: Any, *, prepare: bool, begins: bool = True) -> None:
        self._database = database
        self._connection: Connection = database.connection
        # If psycopg drops prepared statements, only an outermost transaction can begin again.
        self._prepare = prepare
        self._begins = begins
        self._waiting: list[Enqueued] = []
        self._failure: Exception | None = None
        self._clock: Enqueued | None = None

    def began_at(self) -> datetime:
        if self._clock is None or self._clock.rows is None:
            raise RuntimeError("Nothing was sent yet: fetch rows first.")
        [[microseconds]] = self._clock.rows
        return _EPOCH + timedelta(microseconds=microseconds)

    def enqueue(self, sql: str, params: Parameters, columns: int) -> PendingRows:
        """Append a statement and show it to execute wrappers and to the query log.

        Django has no public way to do that for a statement that its cursors do not execute.
        """
        execute: Callable[..., PendingRows] = partial(self.append, columns)
        for wrapper in reversed(self._database.execute_wrappers):
            execute = partial(wrapper, execute)
        if self._database.queries_logged:
            self._database.queries_log.append({"sql": sql, "time": "0.000"})
        return execute(sql, params, False, {"connection": self._database, "cursor": self})

    def append(self, columns: int, sql: str, params: Parameters = (), *_: Any) -> PendingRows:
        enqueued = Enqueued(sql, params, columns, _together.get())
        self._waiting.append(enqueued)
        return PendingRows(partial(self._fetch, enqueued))

    def _fetch(self, enqueued: Enqueued) -> list[Row]:
        if enqueued.rows is None:
            self.flush()
        return enqueued.rows or []

    def flush_before(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Send what is waiting before a statement that is not from this pipeline."""
        if context["cursor"] is not self:
            self.flush()
            # It may roll back to a savepoint, and then psycopg drops what was prepared.
            self._prepare = False
        return execute(sql, params, many, context)

    def commit(self) -> None:
        """Send what is waiting with COMMIT. Django finds the transaction over and commits nothing.

        Raises what `flush` raises, and OperationalError instead of a COMMIT without an answer.
        """
        if not commits.are_answered:
            self.flush()
            self._database.hold_commit()
        self.append(0, _COMMIT)
        self.flush()

    def flush(self) -> None:
        """Send what is waiting, in one round trip. Raises the error of the first that fails.

        After an error the transaction can do nothing more, so every later call raises it again.
        """
        with self._database.wrap_database_errors:
            if self._failure is not None:
                raise self._failure
            try:
                self._flush()
            except Exception as error:
                self._failure = error
                raise

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        if self._clock is None and self._begins:
            self._clock = Enqueued(_CLOCK, (), columns=1)
            waiting.insert(0, self._clock)
        is_idle = self._connection.pgconn.transaction_status == TransactionStatus.IDLE
        first = self._beginning() if is_idle and self._begins else []
        messages = fuse(waiting)
        statements = first + [each.statement for each in messages]
        try:
            rows_of_each = self._execute(statements)
        except InvalidSqlStatementName:
            if not is_idle:
                raise
            self.roll_back()
            rows_of_each = self._execute(statements)
        for message, rows in zip(messages, rows_of_each[len(first) :], strict=True):
            message.deliver(rows)
        if _ASK_FOR_PLANS in first:
            self._connection.has_settings = rows_of_each[1] == [(True,)]

    def _beginning(self) -> list[Statement]:
        if self._connection.has_settings:
            return [_BEGIN]
        if self._connection.has_settings is None and self._database.session_settings:
            return [_BEGIN, _ASK_FOR_PLANS, _SET_PLANS]
        return [_BEGIN, _SET_PLANS]

    def roll_back(self) -> None:
        """End the transaction and keep what is prepared; psycopg's own rollback would drop it."""
        self._waiting = []
        if self._connection.pgconn.transaction_status != TransactionStatus.IDLE:
            with suppress(psycopg.Error):  # the connection is lost, and so is the transaction
                self._execute([("ROLLBACK", ())])

    def _execute(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Raises OutcomeUnknown if COMMIT is among the statements, and may have succeeded."""
        database, usual = self._connection, self._connection.longest_wait
        database.commits = sends_commit = statements[-1][0] == _COMMIT
        database.longest_wait = min(LONGEST_WAIT_SECONDS, usual)
        try:
            return libpq.execute(database, statements, prepare=self._prepare)
        except psycopg.Error as error:
            if sends_commit and not committed_nothing(database.pgconn, error):
                commits.are_answered = False
                raise OutcomeUnknown(str(error)) from error
            raise
        finally:
            database.commits, database.longest_wait = False, usual

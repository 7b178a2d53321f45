"""Transactions in two round trips: everything that is read, then everything that is written.

What a batch of small statements costs is less their work than the waiting for each answer. So on
PostgreSQL they are collected and travel together once an answer is looked at: BEGIN and the reads
in one round trip, the writes and COMMIT in another. SQLite lives in this process and answers at
once; there, everything here is an ordinary transaction.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import InvalidSqlStatementName
from psycopg.pq import TransactionStatus

from monoservices.database import libpq
from monoservices.database.parameters import Parameters

# One plan for all batches, and one that looks rows up by their keys: which keys they are makes no
# difference, planning anew costs as much as looking up, and a plan that was made while a table was
# small would read the whole of it for as long as the connection lives.
_PLANS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_BEGIN = (
    "BEGIN",
    "SELECT " + ", ".join(f"set_config('{key}', '{value}', true)" for key, value in _PLANS.items()),
)


@contextmanager
def pipelined_transaction() -> Iterator[None]:
    """`transaction.atomic()` in which what is given to `enqueue` travels together.

    What a statement raises is raised when an answer is looked at, or when the block ends: then
    everything is sure. In an outer transaction the block is a savepoint, and COMMIT is left to
    whoever began that one. Other statements may run in between, after those that were sent before.
    Raises Django's database errors; then nothing of the block has happened.
    """
    if connection.vendor != "postgresql":
        with transaction.atomic():
            yield
        return
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        pipeline = _Pipeline(connections[DEFAULT_DB_ALIAS], prepare=outermost)
        token = _current.set(pipeline)
        try:
            with connection.execute_wrapper(pipeline.go_first):
                yield
            if outermost:
                # Django finds the transaction over, and does not commit it again.
                pipeline.append("COMMIT")
            pipeline.flush()
        except BaseException:
            if outermost:
                pipeline.roll_back()
            raise
        finally:
            _current.reset(token)


class PendingRows:
    """What a statement that was sent will answer."""

    def __init__(self, fetch: Callable[[], list[libpq.Row]]) -> None:
        self.fetch = fetch
        """The rows, once; in a `pipelined_transaction` this waits for all that was sent before."""


def enqueue(sql: str, params: Parameters = ()) -> PendingRows:
    """Execute a statement whose rows may be fetched later.

    Within `pipelined_transaction`, on PostgreSQL, it goes out with the next look at an answer; the
    types of its parameters must be clear from the statement.
    """
    pipeline = _current.get()
    if pipeline is None:
        cursor: Any = connection.cursor()
        cursor.execute(sql, params)
        return PendingRows(cursor.fetchall)
    # As with Django's cursors: whoever watches statements sees these too.
    execute: Callable[..., PendingRows] = pipeline.append
    database = pipeline.database
    for wrapper in reversed(database.execute_wrappers):
        execute = partial(wrapper, execute)
    if database.queries_logged:
        database.queries_log.append({"sql": sql, "time": "0.000"})
    return execute(sql, params, False, {"connection": database, "cursor": pipeline})


class _Pipeline:
    """The statements of a transaction, some of which have not gone out yet."""

    def __init__(self, database: BaseDatabaseWrapper, *, prepare: bool) -> None:
        self.database = database
        self._connection: psycopg.Connection[Any] = database.connection
        # Within somebody else's transaction, nobody could begin again where psycopg has had the
        # connection forget what it had prepared.
        self._prepare = prepare
        self._waiting: list[tuple[_Answer, libpq.Statement]] = []
        self._failure: Exception | None = None

    def append(self, sql: str, params: Parameters = (), *_: Any) -> PendingRows:
        answer = _Answer(self)
        self._waiting.append((answer, (sql, params)))
        return PendingRows(answer.fetch)

    def go_first(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Let what was sent go out before a statement that comes from elsewhere."""
        if context["cursor"] is not self:
            self.flush()
            # It may roll back to a savepoint, on which psycopg drops what was prepared.
            self._prepare = False
        return execute(sql, params, many, context)

    def flush(self) -> None:
        """Send what waits, in one round trip. Raises what the first one that fails raises.

        Again, too: after an error nothing of the transaction can be done any more.
        """
        with self.database.wrap_database_errors:
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
        begins = self._connection.pgconn.transaction_status == TransactionStatus.IDLE
        if begins:
            waiting[:0] = [(_Answer(self), (sql, ())) for sql in _BEGIN]
        statements = [statement for _, statement in waiting]
        try:
            answers = self._execute(statements)
        except InvalidSqlStatementName:
            if not begins:
                raise
            self.roll_back()
            answers = self._execute(statements)
        for (answer, _), rows in zip(waiting, answers, strict=True):
            answer.rows = rows

    def roll_back(self) -> None:
        """End the transaction. psycopg would have the connection forget its prepared statements."""
        self._waiting = []
        if self._connection.pgconn.transaction_status != TransactionStatus.IDLE:
            with suppress(psycopg.Error):  # the connection is lost, and the transaction with it
                self._execute([("ROLLBACK", ())])

    def _execute(self, statements: Sequence[libpq.Statement]) -> list[list[libpq.Row]]:
        return libpq.execute(self._connection, statements, prepare=self._prepare)


class _Answer:
    """The rows of a statement, once it has gone out."""

    def __init__(self, pipeline: _Pipeline) -> None:
        self._pipeline = pipeline
        self.rows: list[libpq.Row] | None = None

    def fetch(self) -> list[libpq.Row]:
        if self.rows is None:
            self._pipeline.flush()
        return self.rows or []


_current: ContextVar[_Pipeline | None] = ContextVar("pipeline", default=None)

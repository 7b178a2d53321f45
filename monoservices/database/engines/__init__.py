"""One engine per database: modules with the same functions, of which `engine()` is the one in use.

What differs between PostgreSQL and SQLite is in the engines. Nothing else asks which database it
talks to. Oban's engines for these two databases are the model
(https://github.com/oban-bg/oban/tree/main/lib/oban/engines).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.db.backends.base.base import BaseDatabaseWrapper

from monoservices.database.statements import Parameter, PendingRows, UniqueKey
from monoservices.database.trigrams import Condition

Rows = Sequence[Mapping[str, Any]]


class Engine(Protocol):
    """What each database does in its own way."""

    LOCKS_ROWS: bool
    """Whether many can write at a time; otherwise only one can.

    Where many can, one statement may also change several tables, in its WITH clauses.
    """
    FINDS_PARTS: bool
    """Whether an index finds texts by any part of them; otherwise, the whole table is read."""
    BACKUP_SUFFIX: str
    """What the names of its backups end with."""

    def now(self) -> datetime:
        """The time by the database's clock, which all workers share. One statement on PostgreSQL.

        What a transaction writes takes its time after the last lock that it waits for: who reads
        what has changed since some time shall not miss what waited meanwhile.
        """

    def moment_or_now(self) -> str:
        """An expression with a parameter: that moment, or where it is NULL the database's clock.

        The clock is read once in each statement, so that an index on a time can be used. The
        parameter is made by `monoservices.database.rows.moment_parameter`.
        """

    def pipelined_transaction(self) -> AbstractContextManager[Callable[[], datetime]]:
        """`transaction.atomic()` in which enqueued statements share round trips.

        An error of a statement is raised when somebody fetches rows, or when the block ends; then
        the block has changed nothing. Inside another transaction the block is a savepoint. Other
        statements may run in between, after those that were enqueued before them.
        Yields a function that costs no statement: the time by the database's clock when the first
        statements of the block were executed. Call it after rows were fetched.
        """

    def writes_together(self) -> AbstractContextManager[None]:
        """In the block of a pipelined transaction, let writes be executed as one statement.

        They are INSERTs without WITH and RETURNING; the last may be any statement that changes
        rows. They are not in the way of each other, in whatever order they are executed, and each
        would do the same if the others were not there. Nobody fetches rows before the end.
        """

    def pipelined_read(self) -> AbstractContextManager[None]:
        """A block in which enqueued statements read, and share one round trip.

        Each statement sees a state of its own. Only reads that are enqueued may be in the block.
        """

    def consistent_snapshot(
        self, *, may_take_long: bool = False, of_whole_tables: bool = False
    ) -> AbstractContextManager[None]:
        """Read everything as it was at one moment, without holding up any writer.

        may_take_long: let statements run for longer than `statement_timeout`.
        of_whole_tables: plan statements for reading all rows of large tables to the end.
        """

    def long_statements(self, database: BaseDatabaseWrapper) -> AbstractContextManager[None]:
        """A block in which each statement may take an hour, for migrations of large tables.

        How long a statement may wait for a lock stays as it is.
        """

    def serve_batches(self) -> None:
        """Let this thread's connection serve batches, from when it is opened.

        Its waits are short, because many wait for each of them. It plans for pipelined transactions
        only, which then need not say so each time.
        """

    def impatient_options(self, seconds: int) -> dict[str, Any]:
        """OPTIONS of a database with which no wait, for a connection or an answer, takes longer."""

    def try_to_write(self, database: BaseDatabaseWrapper) -> None:
        """Commit a write that leaves nothing behind. Raises an error of the database.

        database: outside of a transaction. Its connection is of no further use after an error.
        """

    def reserve_ids(self, model: type[models.Model], count: int) -> PendingRows:
        """Reserve `count` primary keys of `model` for this caller alone: rows (key,), ascending.

        One statement. On SQLite, call it in a transaction: that is what keeps other writers out.
        """

    def for_update(self, alias: str, *, skip_locked: bool = False) -> str:
        """The clause with which a SELECT locks the rows of `alias` against other writers.

        skip_locked: leave out rows that somebody else has locked, instead of waiting for them.
        """

    def money_column(self, column: str) -> str:
        """An expression for an amount of money as exact text with two decimal places."""

    def selected(self, alias: str, columns: Mapping[str, str]) -> str:
        """The columns of `alias` in a SELECT. columns: types by name. `loaders` makes values."""

    def loaders(self, columns: Mapping[str, str]) -> Sequence[Callable[[Any], Any] | None]:
        """For each of the `selected` columns: what makes its value; None if it is one already.

        Money becomes Decimal, a timestamp an aware datetime in UTC, JSON an object.
        """

    def first_rows_of_each(self, table: str, *, condition: str, order: str, limit: str) -> str:
        """A join, as `t`, with the first rows of `table` for each row `r` that stands before it.

        condition, order: of the rows `p`, which may use columns of `r`. limit: how many. The joined
        rows come in any order.
        """

    def union_of_bits(self, expression: str) -> str:
        """An aggregate: the bits that are set in any row. Each row has set one, none the sign."""

    def weight_of(self, first: str, second: str, seed: int) -> str:
        """An expression for a pseudo-random number of two ids: at least 0, below 2**31.

        It is for a statement with parameters. first, second: expressions.
        seed: at least 0, below 2**31; each one gives other numbers.
        """

    def json_rows(self, columns: Mapping[str, str]) -> str:
        """An aggregate: the columns of the rows `r` as the text of a JSON array of arrays.

        columns: types by name. Amounts of money are exact texts. Without rows, it is empty.
        """

    def rows_from(self, columns: Mapping[str, str], shared: Collection[str]) -> str:
        """The SQL of `monoservices.database.rows.rows_from`. columns: types by name."""

    def row_parameters(
        self, columns: Mapping[str, str], rows: Rows, shared: Mapping[str, Any]
    ) -> list[Parameter]:
        """The parameters of `monoservices.database.rows.row_parameters`."""

    def append_only(
        self, table: str, keys: Sequence[UniqueKey]
    ) -> tuple[Sequence[str], Sequence[str]]:
        """(statements after which rows of `table` can only be added, statements to undo it)

        Whatever would change or remove a row raises IntegrityError. keys: all unique keys of the
        table. Both lists of statements can be executed again.
        """

    def substring_index(self, name: str, *, table: str, column: str) -> Sequence[str]:
        """Statements that create an index for `LIKE '%…%'` where the database has such indexes."""

    def contains(self, expression: str, text: str) -> Condition:
        """A condition: the text of an expression contains `text`, in any case.

        See `monoservices.database.folding` for cases. Special characters of LIKE have no meaning.
        """

    def may_contain(self, expression: str, text: str) -> Condition:
        """A condition which the index of `part_index` serves, for rows that may contain `text`.

        It is true for all rows that do, and for as few others as an index of trigrams can tell.
        """

    def part_index(
        self,
        name: str,
        *,
        table: str,
        expression: str,
        beside: Sequence[str] = (),
        condition: str = "",
        kilobytes: int = 4096,
    ) -> Sequence[str]:
        """Statements that create the index of `may_contain` while others write; none on SQLite.

        beside: other expressions to index. condition: of the rows that the index has.
        kilobytes: how much waits to be sorted into the index: less makes writes dearer and reads
        cheaper.
        """

    def write_backup(self, file: Path) -> None:
        """Write the whole default database into a new file, without holding up any writer.

        Raises BackupError.
        """

    def restore_backup(self, file: Path) -> None:
        """Restore what `write_backup` has written into the default database, which is empty.

        Raises BackupError if that fails. Then the database is empty.
        """


def engine_of(database: BaseDatabaseWrapper) -> Engine:
    """The engine for a connection, such as that of a migration's schema editor.

    Raises ImproperlyConfigured if there is no engine for its database.
    """
    match database.vendor:
        case "postgresql":
            # Imported here, so that SQLite needs no psycopg.
            from monoservices.database.engines import postgresql

            return postgresql
        case "sqlite":
            from monoservices.database.engines import sqlite

            return sqlite
        case vendor:
            raise ImproperlyConfigured(
                f"There is no engine for {vendor}. Use PostgreSQL or SQLite as the database."
            )


@cache
def engine() -> Engine:
    """The engine for the default database."""
    return engine_of(connection)

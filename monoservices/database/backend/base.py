"""The database wrapper, in the module where Django looks for it."""

import math
import select
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any

from django.db import Error
from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap
from psycopg.pq import TransactionStatus
from psycopg.types.datetime import TimestamptzLoader

from monoservices.database.backend.connection import Connection, Cursor, driver
from monoservices.database.backend.standby import commits
from monoservices.database.errors import is_outcome_unknown, needs_new_connection


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's wrapper, with waits that end, cheaper health checks, and faster timestamps.

    OPTIONS may have `longest_wait`: after how many seconds a wait ends and closes the connection.
    """

    Database = driver
    _limit = math.inf
    session_settings: Mapping[str, str] = {}
    is_unfit = False
    """Whether the connection is to be replaced as soon as its transaction is over."""

    @cached_property
    def wrap_database_errors(self) -> "_ErrorWrapper":
        return _ErrorWrapper(self)

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        params.pop("longest_wait", None)
        if self.session_settings:
            further = [f"-c {name}={value}" for name, value in self.session_settings.items()]
            params["options"] = " ".join([params.get("options", ""), *further])
        if params["cursor_factory"] is base.ServerBindingCursor:
            params["cursor_factory"] = Cursor
        if self.timezone is UTC:
            params["context"] = _with_fast_timestamps(params["context"])
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        connection: Connection = super().get_new_connection(conn_params)
        self.is_unfit = False
        seconds = self.settings_dict["OPTIONS"].get("longest_wait", connection.longest_wait)
        connection.longest_wait = min(float(seconds), self._limit)
        return connection

    def serve_batches(self, *, longest_wait: float, settings: Mapping[str, str]) -> None:
        """Let no wait of this wrapper's connections take longer, from now on.

        settings: of PostgreSQL, with which new connections begin. They travel as the other options
        do: where a pooler ignores these, no other client gets the settings.
        """
        self._limit = longest_wait
        self.session_settings = settings
        if self.connection is not None:
            self.connection.longest_wait = min(self.connection.longest_wait, longest_wait)

    def set_autocommit(self, autocommit: bool, *args: Any, **options: Any) -> None:
        """Change the mode, but do not connect at the end of a transaction that was lost.

        Django would, and if that failed, its error would hide what became of the transaction.
        """
        if autocommit and (self.connection is None or self.connection.closed):
            self.close()
            self.autocommit = True  # as the next connection begins
        else:
            super().set_autocommit(autocommit, *args, **options)

    def hold_commit(self) -> None:
        """Call this before COMMIT. Raises OperationalError if it would not be answered at present.

        The statements of the transaction have been executed.
        """
        if not commits.are_answered:
            with self.wrap_database_errors:
                commits.hold(self.connection, self.get_connection_params())

    def commit(self) -> None:
        if self.connection is not None:
            self.hold_commit()
        try:
            super().commit()
        except Error as error:
            if is_outcome_unknown(error):
                commits.are_answered = False
            raise

    def close_if_unusable_or_obsolete(self) -> None:
        """Close the connection as Django does, and after an error that may be the connection's."""
        if self.is_unfit and not self.in_atomic_block:
            self.close()
        super().close_if_unusable_or_obsolete()

    def is_usable(self) -> bool:
        """Whether the connection seems usable, as far as one can tell without a statement.

        Django would send `SELECT 1` before the first statement of every request. This sends it only
        after an error, or if there is something to read on the socket of an idle connection: the
        server has ended it. If a server vanishes silently, any first statement waits for it.
        """
        if self.connection is None:
            return False
        pgconn = self.connection.pgconn
        is_idle = pgconn.transaction_status == TransactionStatus.IDLE
        if is_idle and not self.errors_occurred and not _is_readable(pgconn.socket):
            return True
        return super().is_usable()


class _ErrorWrapper(DatabaseErrorWrapper):
    """Django's wrapper, which also notes that the connection is to be replaced.

    It stays open until the transaction and the request are over. Django would keep it if its next
    statement succeeds, but what another session would do, this one may never do again.
    """

    wrapper: "DatabaseWrapper"

    def __exit__(self, *raised: Any) -> None:
        try:
            super().__exit__(*raised)
        except Error as error:
            self.wrapper.is_unfit |= needs_new_connection(error)
            raise


def _is_readable(socket: int) -> bool:
    if not hasattr(select, "poll"):  # on Windows, so every check asks the server
        return True
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))


class TimestampLoader(TimestamptzLoader):
    """Lets Python parse a timestamp in one call; psycopg would take it apart and compute."""

    timezone = UTC  # Django compares it with the connection's time zone

    def load(self, data: Buffer) -> datetime:
        try:
            return datetime.fromisoformat(bytes(data).decode()).astimezone(UTC)
        except (ValueError, OverflowError):  # beyond Python's years, or not in ISO style
            return super().load(data).astimezone(UTC)


@cache
def _with_fast_timestamps(template: AdaptersMap) -> AdaptersMap:
    adapters = AdaptersMap(template)
    adapters.register_loader("timestamptz", TimestampLoader)
    return adapters

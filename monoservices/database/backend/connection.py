"""psycopg's connection, but every wait for PostgreSQL has an end.

PostgreSQL's own timeouts do not end a wait for a server that hangs, or for a standby that is gone,
or for a connection of a pooler's that is not free. Only the client's clock does.
"""

from contextlib import suppress
from types import ModuleType
from typing import Any

import psycopg
from django.db.backends.postgresql.base import ServerBindingCursor
from psycopg import errors, waiting
from psycopg.abc import RV, PQGen

from monoservices.database.backend.outcomes import OutcomeUnknown, committed_nothing

_INTERVAL_SECONDS = 0.1
"""How often a wait looks at the clock, and at signals; psycopg's default."""
_CANCEL_SECONDS = 0.5


class Connection(psycopg.Connection[Any]):
    """A connection whose waits end after `longest_wait` seconds, which closes it.

    No wait for a COMMIT is canceled: PostgreSQL answers the cancel of a wait for its standby with
    success, although the standby has nothing. Closing the socket leaves the outcome open instead.
    """

    longest_wait = 35.0
    """How many seconds each statement, COMMIT, or part of a result may take."""
    cancels_late = False
    """Whether a statement that takes too long is also canceled. Only for what may be lost."""
    has_settings: bool | None = None
    """Whether it has the settings for batches of statements; None if nobody has asked yet."""
    commits = False
    """Whether a COMMIT is among what is sent now."""
    only_reads = False
    """Whether the statement that is executed now reads only, so that losing it loses nothing."""

    def commit(self) -> None:
        self.commits = True
        try:
            super().commit()
        finally:
            self.commits = False

    def wait(
        self, gen: PQGen[RV], interval: float = _INTERVAL_SECONDS, timeout: float | None = None
    ) -> RV:
        """Consume a generator; every public method of the connection and its cursors waits here.

        timeout: as psycopg says; after it, the connection stays open.
        Raises OperationalError, and closes the connection, if this takes too long.
        Raises OutcomeUnknown if a COMMIT was sent, or a statement that commits by itself, and
        PostgreSQL has not said what became of it.
        """
        if not self._commits_now():
            return self._wait(super().wait, gen, interval, timeout)
        try:
            return self._wait(self._wait_without_cancel, gen, interval, timeout)
        except psycopg.Error as error:
            if committed_nothing(self.pgconn, error):
                raise
            raise OutcomeUnknown(str(error)) from error

    def _commits_now(self) -> bool:
        if self.commits:
            return True
        is_idle = self.pgconn.transaction_status == psycopg.pq.TransactionStatus.IDLE
        return self.autocommit and is_idle and not self.only_reads

    def _wait(self, wait: Any, gen: PQGen[RV], interval: float, timeout: float | None) -> RV:
        seconds = self.longest_wait if timeout is None else timeout
        try:
            result: RV = wait(gen, interval, seconds)
        except errors._WaitTimeout:  # noqa: SLF001 - psycopg's Connection.wait documents it
            if timeout is not None:  # the caller expects it
                raise
            if self.cancels_late:
                with suppress(psycopg.Error):
                    self.cancel_safe(timeout=_CANCEL_SECONDS)
            self.close()
            raise psycopg.OperationalError(
                f"PostgreSQL has not answered for {seconds:g} s. The connection was closed."
            ) from None
        return result

    def _wait_without_cancel(self, gen: PQGen[RV], interval: float, timeout: float) -> RV:
        """Wait as psycopg does, but close the connection on Ctrl-C, instead of canceling."""
        try:
            return waiting.wait(gen, self.pgconn.socket, interval=interval, timeout=timeout)
        except (KeyboardInterrupt, SystemExit):
            self.close()
            raise


class Cursor(ServerBindingCursor, psycopg.Cursor[Any]):
    """Django's cursor, which says whether a statement only reads."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        connection: Any = self.connection
        connection.only_reads = isinstance(query, str) and query.lstrip().startswith("SELECT")
        try:
            return super().execute(query, params, **options)
        finally:
            connection.only_reads = False


driver = ModuleType("driver", "The module psycopg, with these connections, for Django's wrapper.")
vars(driver).update(vars(psycopg) | {"connect": Connection.connect})

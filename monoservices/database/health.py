"""Whether the database answers and takes writes, for health checks.

The checks have connections of their own, which stay open until a check fails, and little patience:
they say no in time where a request would wait for long. They may be called in any thread.
"""

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from threading import Lock
from time import monotonic

from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from monoservices.database.engines import engine, engine_of

SECONDS = 2
"""How long each wait of a check may take."""


class Unhealthy(Exception):
    """The database does not do what the check wants. The message says why."""


class _Check:
    """ask: uses a connection, and raises an error of the database if it is not healthy."""

    def __init__(self, ask: Callable[[BaseDatabaseWrapper], None]) -> None:
        self._ask = ask
        self._database: BaseDatabaseWrapper | None = None
        self._lock = Lock()

    def __call__(self) -> None:
        if not self._lock.acquire(timeout=SECONDS):
            raise Unhealthy("An earlier check still waits for the database.")
        try:
            self._check(until=monotonic() + SECONDS)
        finally:
            self._lock.release()

    def _check(self, *, until: float) -> None:
        """Ask, and once more with a new connection if the kept one turns out to be lost."""
        is_new = self._database is None
        try:
            self._database = self._database or _impatient_database()
            self._ask(self._database)
        except Error as error:
            self.close()
            if is_new or monotonic() >= until:
                raise Unhealthy(str(error)) from error
            self._check(until=until)

    def close(self) -> None:
        """Close the connection."""
        database, self._database = self._database, None
        if database is not None:
            with suppress(Error):
                database.close()


def _impatient_database() -> BaseDatabaseWrapper:
    """The default database, without a connection yet."""
    default = connections[DEFAULT_DB_ALIAS]
    settings = deepcopy(default.settings_dict)
    settings["OPTIONS"] |= engine().impatient_options(SECONDS)
    database = type(default)(settings, DEFAULT_DB_ALIAS)
    database.inc_thread_sharing()
    return database


def _read(database: BaseDatabaseWrapper) -> None:
    with database.cursor() as cursor:
        cursor.execute("SELECT 1")


def _write(database: BaseDatabaseWrapper) -> None:
    engine_of(database).try_to_write(database)


check_reads = _Check(_read)
"""Raises Unhealthy if the database cannot be read, or if it does not answer within SECONDS."""

check_writes = _Check(_write)
"""Raises Unhealthy if the database does not commit a write, which leaves nothing behind, within
SECONDS: it is read-only, it is locked, or it waits for a standby in vain."""


def close() -> None:
    """Close the connections of the checks, as at the end of a process."""
    check_reads.close()
    check_writes.close()

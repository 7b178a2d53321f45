"""The database wrapper, where Django looks for it."""

import select
from datetime import UTC, datetime
from functools import cache
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap
from psycopg.pq import ConnStatus


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, with a health check that costs no round trip, and quicker timestamps."""

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        if self.timezone is UTC:
            params["context"] = _with_quick_timestamps(params["context"])
        return params

    def is_usable(self) -> bool:
        """Whether the connection is there, as far as can be known before a statement is sent.

        A server that ends a connection says so, or the system says it for it: then there is
        something to read, of which an idle connection otherwise has nothing. A server that vanished
        without a word leaves the first statement waiting, whichever that is. Django would send
        `SELECT 1` before the first statement of each request; here it does so after an error.
        """
        if self.connection is None:
            return False
        if self.errors_occurred:
            return super().is_usable()
        pgconn = self.connection.pgconn
        if pgconn.status != ConnStatus.OK:
            return False
        try:
            is_silent = not _is_readable(pgconn.socket)
        except psycopg.OperationalError:
            return False
        return is_silent or super().is_usable()


def _is_readable(socket: int) -> bool:
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))


class TimestampLoader(BaseTzLoader):  # type: ignore[misc]  # it is Any where there is no psycopg
    """Reads what Python reads in one go; psycopg takes a timestamp apart and calculates with it."""

    timezone = UTC

    def load(self, data: Buffer) -> datetime:
        try:
            return datetime.fromisoformat(bytes(data).decode()).astimezone(UTC)
        except ValueError:  # before the year 1, after 9999, or not in the style of ISO
            moment: datetime = super().load(data)
            return moment


@cache
def _with_quick_timestamps(template: AdaptersMap) -> AdaptersMap:
    adapters = AdaptersMap(template)
    adapters.register_loader("timestamptz", TimestampLoader)
    return adapters

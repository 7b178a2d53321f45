"""The database wrapper, in the module where Django looks for it."""

import select
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db.backends.postgresql import base
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap
from psycopg.pq import TransactionStatus
from psycopg.types.datetime import TimestamptzLoader


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's wrapper, with a health check that costs no round trip, and faster timestamps."""

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        if self.timezone is UTC:
            params["context"] = _with_fast_timestamps(params["context"])
        return params

    def is_usable(self) -> bool:
        """Whether the connection seems usable, as far as one can tell without a statement.

        When a server ends a connection, there is something to read on the socket; on an idle
        connection there is nothing otherwise. If a server vanishes silently, the first statement
        waits for it, and it makes no difference which statement that is. Django would send
        `SELECT 1` before the first statement of every request. This sends it only if there is
        something to read, or after an error.
        """
        if self.connection is None:
            return False
        pgconn = self.connection.pgconn
        is_idle = pgconn.transaction_status == TransactionStatus.IDLE
        if is_idle and not self.errors_occurred and not _is_readable(pgconn.socket):
            return True
        return super().is_usable()


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

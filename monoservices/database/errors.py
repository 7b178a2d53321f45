"""What an error of the database means. Drivers are not imported: an SQLSTATE says enough.

SQLSTATEs are in https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

from django.db import IntegrityError, InterfaceError, OperationalError

PASSING = (OperationalError, InterfaceError, IntegrityError)
"""Errors that the same transaction may not meet again: a deadlock, a lock held for too long, a lost
connection, a unique key that somebody else has just written."""

_LOCK_NOT_AVAILABLE = "55P03"


def is_lock_timeout(error: Exception) -> bool:
    """Whether somebody else held a row for longer than `lock_timeout`."""
    return getattr(error.__cause__, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def is_lost_connection(error: Exception) -> bool:
    """Whether the connection was lost, so that nobody knows whether the transaction committed.

    Errors that the PostgreSQL server reports have an SQLSTATE; only psycopg's own have none.
    """
    sqlstate = getattr(error.__cause__, "sqlstate", "")
    return isinstance(error, OperationalError) and sqlstate is None

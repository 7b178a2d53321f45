"""What errors of the database mean, by their causes."""

import sqlite3

import psycopg
import pytest
from django.db import InterfaceError, OperationalError
from psycopg import errors

from monoservices.database.errors import is_lock_timeout, is_lost_connection


def raised(kind: type[Exception], cause: Exception) -> Exception:
    """An error of Django's, as Django raises it from one of the driver."""
    error = kind(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "lock_timeout", "lost_connection"),
    [
        (raised(OperationalError, errors.LockNotAvailable()), True, False),
        (raised(OperationalError, errors.DeadlockDetected()), False, False),
        (raised(OperationalError, errors.AdminShutdown()), False, False),
        (raised(OperationalError, psycopg.OperationalError("server closed")), False, True),
        (raised(InterfaceError, psycopg.InterfaceError("connection is closed")), False, False),
        (raised(OperationalError, sqlite3.OperationalError("database is locked")), False, False),
        (OperationalError("of our own"), False, False),
    ],
)
def test_what_an_error_means(error: Exception, lock_timeout: bool, lost_connection: bool) -> None:
    assert is_lock_timeout(error) is lock_timeout
    assert is_lost_connection(error) is lost_connection

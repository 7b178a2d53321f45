"""What errors of the database mean, by their causes."""

import sqlite3

import psycopg
import pytest
from django.db import (
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
from psycopg import errors

from monoservices.database.backend.outcomes import OutcomeUnknown
from monoservices.database.errors import (
    Fault,
    fault_of,
    is_lock_timeout,
    is_outcome_unknown,
    is_passing,
    needs_new_connection,
)

BUSY, CONNECTION, UNKNOWN, STATEMENT = Fault.BUSY, Fault.CONNECTION, Fault.UNKNOWN, Fault.STATEMENT


def raised(kind: type[Error], cause: Exception) -> Error:
    """An error of Django's, as Django raises it from one of the driver."""
    error = kind(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "fault", "passing"),
    [
        (raised(OperationalError, errors.LockNotAvailable()), BUSY, True),
        (raised(OperationalError, errors.DeadlockDetected()), BUSY, True),
        (raised(OperationalError, errors.QueryCanceled()), BUSY, True),
        (raised(OperationalError, errors.DiskFull()), BUSY, True),
        (raised(OperationalError, errors.AdminShutdown()), CONNECTION, True),
        (raised(OperationalError, errors.CannotConnectNow()), CONNECTION, True),
        (raised(OperationalError, errors.ProtocolViolation()), CONNECTION, True),
        (raised(InternalError, errors.ReadOnlySqlTransaction()), CONNECTION, True),
        (raised(NotSupportedError, errors.FeatureNotSupported()), CONNECTION, True),
        (raised(ProgrammingError, errors.DuplicatePreparedStatement()), CONNECTION, True),
        (raised(OperationalError, psycopg.OperationalError("server closed")), CONNECTION, True),
        (raised(InterfaceError, psycopg.InterfaceError("connection is closed")), CONNECTION, True),
        (raised(InternalError, errors.InternalError_()), UNKNOWN, True),
        (raised(OperationalError, errors.IoError()), UNKNOWN, True),
        (raised(ProgrammingError, errors.RaiseException()), UNKNOWN, True),
        (raised(ProgrammingError, errors.UndefinedColumn()), STATEMENT, False),
        (raised(DataError, errors.NumericValueOutOfRange()), STATEMENT, False),
        (raised(DataError, psycopg.DataError("NUL in a text")), STATEMENT, False),
        (raised(IntegrityError, errors.UniqueViolation()), BUSY, False),
        (raised(OperationalError, sqlite3.OperationalError("database is locked")), BUSY, True),
        (raised(IntegrityError, sqlite3.IntegrityError("UNIQUE")), BUSY, False),
        (OperationalError("of our own"), BUSY, True),
        (ValueError("a bug"), STATEMENT, False),
    ],
)
def test_what_an_error_means(error: Exception, fault: Fault, passing: bool) -> None:
    assert fault_of(error) is fault
    assert needs_new_connection(error) is (fault in {CONNECTION, UNKNOWN})
    assert is_passing(error) is passing
    assert not is_outcome_unknown(error)


def test_a_lock_timeout() -> None:
    assert is_lock_timeout(raised(OperationalError, errors.LockNotAvailable()))
    assert not is_lock_timeout(raised(OperationalError, errors.ObjectInUse()))
    assert not is_lock_timeout(OperationalError("of our own"))


def test_an_unknown_outcome() -> None:
    error = raised(OperationalError, OutcomeUnknown("server closed"))
    assert is_outcome_unknown(error)
    assert (fault_of(error), is_passing(error)) == (CONNECTION, True)

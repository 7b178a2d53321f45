"""What an error of the database means. Drivers are not imported: an SQLSTATE says enough.

SQLSTATEs are in https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

from enum import Enum, auto

from django.db import Error, IntegrityError, InterfaceError, OperationalError

PASSING = (OperationalError, InterfaceError, IntegrityError)
"""Errors that the same transaction may not meet again, if no SQLSTATE says otherwise: a lock held
for too long, a lost connection, a unique key that somebody else has just written."""


class Fault(Enum):
    """Where the fault is, which decides who runs again, and on which connection."""

    BUSY = auto()
    """It passes, and the connection is sound: the same transaction may succeed now or later."""
    CONNECTION = auto()
    """It lasts as long as the connection, whatever is executed: only a new one may help."""
    UNKNOWN = auto()
    """Nobody knows; the connection may be the reason, or the statement."""
    STATEMENT = auto()
    """The statement or its values are wrong: it is a bug, and fails again."""


_FAULTS: dict[str, Fault] = {
    # By SQLSTATE or, with two characters, by class.
    "08": Fault.CONNECTION,  # the connection broke, or a pooler says that its connection did
    "0A": Fault.CONNECTION,  # a prepared statement whose columns have another type since ALTER
    "21": Fault.STATEMENT,  # a subquery returned several rows
    "22": Fault.STATEMENT,  # a value is out of range or malformed
    "23": Fault.BUSY,  # somebody else has just written what a constraint is about
    "25": Fault.CONNECTION,  # read-only (25006), or another state than we think it is in
    "26": Fault.CONNECTION,  # a prepared statement is gone: a pooler has changed the session
    "28": Fault.CONNECTION,  # the login was refused, as while passwords change
    "3D": Fault.CONNECTION,  # the database is gone, as while a backup is restored
    "40": Fault.BUSY,  # a deadlock, or transactions that exclude each other
    "42": Fault.STATEMENT,  # syntax, a name that does not exist, a privilege that is missing
    "42P05": Fault.CONNECTION,  # a prepared statement exists already: a pooler mixed sessions up
    "53": Fault.BUSY,  # no disk space, memory or connection is left
    "54": Fault.STATEMENT,  # too large or too complex
    "55": Fault.BUSY,  # a lock was not free (55P03), or an object is in use
    "57": Fault.CONNECTION,  # the server stops, starts, or ends sessions
    "57014": Fault.BUSY,  # the statement ran into statement_timeout
    "58": Fault.UNKNOWN,  # the server's disk or operating system failed
    "XX": Fault.UNKNOWN,  # a bug or damage in PostgreSQL, or a plan for a table that has changed
}


def fault_of(error: Exception) -> Fault:
    """Return where the fault is; STATEMENT if it is not an error of the database."""
    sqlstate = getattr(error.__cause__, "sqlstate", "")
    if sqlstate:
        return _FAULTS.get(sqlstate) or _FAULTS.get(sqlstate[:2]) or Fault.UNKNOWN
    if sqlstate is None and isinstance(error, OperationalError | InterfaceError):
        # Errors that the server reports have an SQLSTATE. This one is psycopg's own.
        return Fault.CONNECTION
    return Fault.BUSY if isinstance(error, PASSING) else Fault.STATEMENT


def needs_new_connection(error: Exception) -> bool:
    """Whether the connection on which the error was met is to be closed."""
    return fault_of(error) in {Fault.CONNECTION, Fault.UNKNOWN}


def is_passing(error: Exception) -> bool:
    """Whether the same request may succeed later. A constraint that was violated stays violated."""
    is_fault_of_the_request = isinstance(error, IntegrityError)
    return (
        isinstance(error, Error)
        and not is_fault_of_the_request
        and fault_of(error) is not Fault.STATEMENT
    )


def is_lock_timeout(error: Exception) -> bool:
    """Whether somebody else held a row for longer than `lock_timeout`."""
    return getattr(error.__cause__, "sqlstate", None) == "55P03"  # lock_not_available


def is_outcome_unknown(error: Exception) -> bool:
    """Whether the transaction may have been committed: COMMIT was sent, and was not answered.

    `monoservices.database.backend.outcomes` decides that. After any other error, the transaction
    has changed nothing.
    """
    return getattr(error.__cause__, "outcome_unknown", False)

"""Send no COMMIT while none comes back, as when a synchronous standby is gone.

A session whose COMMIT is not answered stays on the server, long after the client has left it. If
every request left one behind, the server would soon have no session left, for those that read too.
"""

from threading import Lock
from time import monotonic
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from monoservices.database.backend.connection import Connection

PROBE_SECONDS = 2
"""How long a COMMIT that nobody needs may take."""


class CommitsHeld(psycopg.OperationalError):
    """COMMIT was not sent."""


class Commits:
    """Whether COMMIT comes back, as far as this process knows."""

    def __init__(self) -> None:
        self.are_answered = True
        """False from a COMMIT that was not answered until one is."""
        self._lock = Lock()
        self._next_probe = 0.0

    def hold(self, connection: Connection, parameters: dict[str, Any]) -> None:
        """Call this before COMMIT. Raises CommitsHeld if COMMIT would not be answered.

        connection: in the transaction to commit, all of whose statements have been executed. If it
            has written nothing, its COMMIT waits for nobody.
        parameters: with which to connect for a probe.
        """
        if not self.are_answered and _has_written(connection):
            with self._lock:
                self._probe(parameters)

    def _probe(self, parameters: dict[str, Any]) -> None:
        if self.are_answered:
            return
        started = monotonic()
        if started < self._next_probe:
            raise CommitsHeld("PostgreSQL does not answer COMMIT.")
        parameters = parameters | {"connect_timeout": PROBE_SECONDS, "autocommit": True}
        try:
            with Connection.connect(**parameters) as session:
                session.longest_wait, session.cancels_late = PROBE_SECONDS, True
                session.execute("SELECT pg_logical_emit_message(true, 'tradepost', '')")
        except psycopg.Error as error:
            # The failure counts for as long as it took, so that requests do not only wait.
            self._next_probe = 2 * monotonic() - started
            raise CommitsHeld("PostgreSQL does not answer COMMIT.") from error
        self.are_answered = True


def _has_written(connection: Connection) -> bool:
    if connection.pgconn.transaction_status != TransactionStatus.INTRANS:
        return False
    [[has_written]] = connection.execute(
        "SELECT pg_current_xact_id_if_assigned() IS NOT NULL", prepare=False
    ).fetchall()
    return bool(has_written)


commits = Commits()

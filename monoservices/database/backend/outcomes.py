"""What is known of a transaction whose COMMIT was sent and whose success was not reported.

This looks at the state of the protocol, not at messages: a pooler may end a connection with an
error of its own while PostgreSQL commits.
https://www.postgresql.org/docs/current/protocol-flow.html
"""

import psycopg
from psycopg.pq import TransactionStatus

_OF_CONNECTIONS = ("08", "53", "57", "58", "XX")
"""Classes of SQLSTATEs that poolers use too, for connections that PostgreSQL has ended."""


class OutcomeUnknown(psycopg.OperationalError):
    """A COMMIT was sent, and nobody knows what became of it."""

    outcome_unknown = True


def committed_nothing(pgconn: psycopg.pq.abc.PGconn, error: psycopg.Error) -> bool:
    """Whether it is certain that the transaction was rolled back.

    pgconn: where COMMIT was sent, or a statement that commits by itself. error: the first error
    that came back, or that was raised instead of sending.
    """
    match pgconn.transaction_status:
        case TransactionStatus.INTRANS | TransactionStatus.INERROR:
            # ReadyForQuery has come, and says that the transaction goes on: a statement before
            # COMMIT has failed, so that PostgreSQL has skipped COMMIT.
            return True
        case TransactionStatus.IDLE:
            # ReadyForQuery has come, and says that the transaction is over. PostgreSQL has refused
            # COMMIT, as for a foreign key that is checked late, or a pooler says both for itself.
            return not (error.sqlstate or "").startswith(_OF_CONNECTIONS)
        case _:  # no ReadyForQuery: the connection is lost, or was closed because it took too long
            return False

"""Transactions in two round trips: everything that is read, then everything that is written.

What costs a batch of small statements is less their work than the waiting for each answer. So on
PostgreSQL they are sent without waiting (libpq's pipeline mode, https://www.postgresql.org/docs/
current/libpq-pipeline-mode.html): BEGIN and the reads go out together when the first result is
looked at, the writes and COMMIT together at the end. SQLite lives in this process and answers at
once; there, everything here is an ordinary transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.db import connection, transaction

from monoservices.database import is_postgresql


@contextmanager
def pipelined_transaction() -> Iterator[None]:
    """`transaction.atomic()` whose statements wait for an answer only where one is looked at.

    What a statement raises is raised by it, by a later one, or when the block ends, at the latest:
    then everything is sure. The numbers of rows that statements report must not be relied on.
    In an outer transaction the block is a savepoint, and COMMIT is left to whoever began that one.
    Raises Django's database errors; then nothing of the block has happened.
    """
    if not is_postgresql():
        with transaction.atomic():
            yield
        return
    outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.wrap_database_errors:
        own: psycopg.Connection[Any] = connection.connection
        with own.pipeline() as pipeline:
            try:
                if outermost:
                    # psycopg would wait for the answer to a BEGIN of its own.
                    own.autocommit = True
                    own.execute("BEGIN")
                yield
                if outermost:
                    # Django finds the transaction over, and does not commit it again.
                    own.execute("COMMIT")
                pipeline.sync()
            except BaseException:
                # What is still on its way fails too; it was the first error that mattered.
                with suppress(psycopg.Error):
                    pipeline.sync()
                raise


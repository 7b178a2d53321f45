"""Lose connections to PostgreSQL."""

from typing import Any

import psycopg
from django.db import connection


def end_the_connection() -> None:
    """Let the server end this thread's connection; return when it has ended."""
    connection.ensure_connection()
    end_connection(connection)


def end_connection(database: Any) -> None:
    """Let the server end the connection of a database wrapper; return when it has ended."""
    pid = database.connection.info.backend_pid
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 60000)", [pid]).fetchone() == (True,)

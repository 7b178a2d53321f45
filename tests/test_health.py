"""Connections that PostgreSQL closes without notice."""

import pytest
from django.db import connection
from django.test import Client

from monoservices.database.health import check_reads
from monoservices.tests.database.connections import end_connection

pytestmark = [
    pytest.mark.skipif(
        "connection.vendor != 'postgresql'", reason="SQLite has no connection to lose"
    ),
    pytest.mark.django_db(transaction=True),
]


def test_a_lost_connection_is_no_lost_database() -> None:
    assert Client().get("/readyz").status_code == 200
    end_connection(check_reads._database)
    response = Client().get("/readyz")
    assert (response.status_code, response.content) == (200, b'{"status": "ok"}')


def test_idle_connections_are_looked_after() -> None:
    connection.ensure_connection()
    parameters = connection.connection.info.get_parameters()
    kept = {name: parameters.get(name) for name in ("keepalives_idle", "tcp_user_timeout")}
    assert kept == {"keepalives_idle": "30", "tcp_user_timeout": "30000"}

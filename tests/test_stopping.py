"""A signal to stop is heard whenever it comes, even while a worker starts."""

import http.client
import json
import os
import re
import signal
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection

from monoservices.management.commands.serve import STOP_SECONDS
from tests.test_serve import DEADLINE, Served, serving, started

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the servers have a database of their own"
)

MOMENTS = [0.0, 0.01, 0.02, 0.03]
"""Seconds after the log line about a new worker. It takes about 0.035 s until a worker listens."""


def test_a_signal_is_heard_while_a_worker_starts(tmp_path: Path) -> None:
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'served.sqlite3'}",
        "DEBUG": "off",
    }
    servers: list[Served] = []
    with ExitStack() as running:
        for moment in MOMENTS:
            servers.append(server := running.enter_context(started(environment)))
            server.next_worker()
            time.sleep(moment)
            server.process.send_signal(signal.SIGTERM)
        said = [server.process.communicate(timeout=60)[1] for server in servers]
    assert [server.process.returncode for server in servers] == [0] * len(MOMENTS)
    assert [each.count("Stopped worker-1") for each in said] == [1] * len(MOMENTS)
    # Granian's line "refused to gracefully stop" does not tell: it also appears if the thread that
    # watches the worker is late to say that it has ended.
    assert max(map(seconds_to_stop, said)) < STOP_SECONDS


def seconds_to_stop(said: str) -> float:
    """How long the server waited for its worker. One that hears no signal is killed in the end."""
    line = r"(?m)^(.{23}) INFO _granian (?:Shutting down|Stopped worker-1)"
    begin, end = map(datetime.fromisoformat, re.findall(line, said))
    return (end - begin).total_seconds()


def test_a_request_that_has_begun_is_finished(tmp_path: Path) -> None:
    body = json.dumps({"product_id": 1, "quantity": 2}).encode()
    with serving(f"sqlite:///{tmp_path / 'served.sqlite3'}") as server:
        assert server.send("GET", "/livez")[0] == 200
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
        client.putrequest("POST", "/api/v1/orders/")
        client.putheader("Authorization", f"Bearer {server.secret}")
        client.putheader("Content-Type", "application/json")
        client.putheader("Content-Length", str(len(body)))
        client.endheaders(body[:10])
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)  # meanwhile, the worker is asked to end several times
        client.send(body[10:])
        assert client.getresponse().status == 201
        client.close()
        assert server.process.wait(DEADLINE) == 0

"""The metrics of several workers are one, and survive a worker that is killed."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monoservices.management.commands.serve import STOP_SECONDS
from monoservices.tests.metrics.reading import Samples, samples
from tests.test_serve import DEADLINE, ROOT, SHOP, manage

OUTCOMES = "orders_outcomes_total"
REQUESTS = "monoservices_request_seconds_count"
TOKEN = "token-of-the-test"


class Workers:
    """`manage.py serve --workers 2`, with a shop, and a directory for temporary files."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, secret: str) -> None:
        self.process = process
        self.port = port
        self.secret = secret

    def spawned(self) -> int:
        """The id of the next process that the server says it has started; waits for the line."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if match := re.search(r"Spawning worker-\d with PID: (\d+)", line):
                return int(match[1])
        raise AssertionError("the server ended")

    def send(self, method: str, path: str, secret: str, body: str | None = None) -> Any:
        """Ask on a connection of its own, so that whichever worker answers."""
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        end = time.monotonic() + DEADLINE
        while True:
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
            try:
                client.request(method, path, body, headers)
                response = client.getresponse()
                return response.status, response.read()
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
            finally:
                client.close()

    def place(self, key: str) -> int:
        order = json.dumps({"product_id": 1, "quantity": 1, "metadata": {"key": key}})
        status: int = self.send("POST", "/api/v1/orders/", self.secret, order)[0]
        return status

    def metrics(self) -> Samples:
        status, text = self.send("GET", "/metrics", TOKEN)
        assert status == 200
        return samples(text)

    def metrics_when(self, done: Callable[[Samples], bool]) -> Samples:
        """The metrics, as soon as the workers have written what is asked for."""
        end = time.monotonic() + DEADLINE
        while not done(read := self.metrics()):
            assert time.monotonic() < end, read
            time.sleep(0.05)
        return read


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'served.sqlite3'}",
        "DEBUG": "off",
        "METRICS_TOKEN": TOKEN,
        "TMPDIR": str(tmp_path),
    }
    manage(environment, "migrate", "--verbosity=0")
    shop = SHOP.replace("stock_quantity=5", "stock_quantity=25")
    secret = manage(environment, "shell", "--verbosity=0", "--command", shop).strip()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "manage.py", "serve", "--workers=2", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Workers(process, port, secret)
        finally:
            process.terminate()


def test_several_workers_count_together_and_survive_one(workers: Workers, tmp_path: Path) -> None:
    first = {workers.spawned(), workers.spawned()}
    statuses = Counter(workers.place(f"first {n}") for n in range(20))
    assert statuses == {201: 20}
    ordered = REQUESTS, "express, POST, /api/v1/orders/, 201"
    before = workers.metrics_when(
        lambda read: (read.get((OUTCOMES, ", accepted")), read.get(ordered)) == (20, 20)
    )
    assert before["monoservices_queue_length", "orders"] == 0
    [directory] = tmp_path.glob("metrics-*")
    assert {int(file.stem.rpartition("_")[2]) for file in directory.glob("gauge_*")} == first

    dead = first.pop()
    os.kill(dead, signal.SIGKILL)
    born = workers.spawned()
    statuses = Counter(workers.place(f"then {n}") for n in range(10))
    assert statuses == {201: 5, 409: 5}
    after = workers.metrics_when(
        lambda read: read.get((OUTCOMES, "out_of_stock, refused")) == 5 and read[ordered] == 25
    )
    assert after[OUTCOMES, ", accepted"] == 25
    fallen = {
        key for key, value in before.items() if not key[0].endswith("length") and after[key] < value
    }
    assert fallen == set()
    # What the dead worker counted stays; what it had waiting does not.
    gauges = {int(file.stem.rpartition("_")[2]) for file in directory.glob("gauge_*")}
    assert (dead in gauges, gauges <= first | {born}) == (False, True)
    assert list(directory.glob(f"counter_{dead}.db")) != []

    assert workers.send("GET", "/metrics", workers.secret)[0] == 403
    workers.process.send_signal(signal.SIGTERM)
    assert workers.process.wait(STOP_SECONDS + DEADLINE) == 0
    assert list(tmp_path.glob("metrics-*")) == []


ASKING = f"""
from django.test import Client
headers = {{"authorization": "Bearer {TOKEN}"}}
for path in ("/livez", "/metrics"):
    print(Client(headers=headers).get(path, SERVER_NAME="localhost").status_code)
"""


def test_https_does_not_redirect_who_asks_past_the_proxy() -> None:
    environment = os.environ | {"HTTPS": "on", "METRICS_TOKEN": TOKEN}
    statuses = manage(environment, "shell", "--verbosity=0", "--command", ASKING)
    assert statuses.split() == ["301", "200"]

"""Metrics add up over all workers and survive a killed worker."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monoservices.tests.metrics.reading import Samples, samples
from tests.test_serve import DEADLINE, SHOP, Served, manage, serving

OUTCOMES = "orders_outcomes_total"
REQUESTS = "monoservices_request_seconds_count"
TOKEN = "token-of-the-test"


class Workers(Served):
    """Two workers of `manage.py serve`, and their metrics."""

    def place(self, key: str) -> int:
        order = {"product_id": 1, "quantity": 1, "metadata": {"key": key}}
        return self.send("POST", "/api/v1/orders/", order)[0]

    def metrics(self) -> Samples:
        status, text = self.send("GET", "/metrics", secret=TOKEN)
        assert status == 200
        return samples(text)

    def metrics_when(self, done: Callable[[Samples], bool]) -> Samples:
        """The metrics, once the workers have written the expected values."""
        end = time.monotonic() + DEADLINE
        while not done(read := self.metrics()):
            assert time.monotonic() < end, read
            time.sleep(0.05)
        return read


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    shop = SHOP.replace("stock_quantity=5", "stock_quantity=25")
    url = f"sqlite:///{tmp_path / 'served.sqlite3'}"
    settings = {"METRICS_TOKEN": TOKEN, "TMPDIR": str(tmp_path)}
    with serving(url, "--workers=2", shop=shop, **settings) as server:
        yield Workers(server.process, server.port, server.secret)


def written_by(directory: Path) -> set[int]:
    """The process ids of the workers that have written what they sample."""
    return {int(file.stem.rpartition("_")[2]) for file in directory.glob("gauge_*")}


def test_several_workers_count_together_and_survive_one(workers: Workers, tmp_path: Path) -> None:
    first = {workers.next_worker(), workers.next_worker()}
    statuses = Counter(workers.place(f"first {n}") for n in range(20))
    assert statuses == {201: 20}
    ordered = REQUESTS, "express, POST, /api/v1/orders/, 201"
    before = workers.metrics_when(
        lambda read: (read.get((OUTCOMES, ", accepted")), read.get(ordered)) == (20, 20)
    )
    assert before["monoservices_queue_length", "orders"] == 0
    [directory] = tmp_path.glob("metrics-*")
    assert written_by(directory) == first

    dead = first.pop()
    os.kill(dead, signal.SIGKILL)
    born = workers.next_worker()
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
    # The new worker has started once it writes, too: a signal that comes before may be lost.
    end = time.monotonic() + DEADLINE
    while written_by(directory) != first | {born}:
        assert time.monotonic() < end, written_by(directory)
        time.sleep(0.05)
    # The dead worker's written counts stay. Its buffered counts are lost.
    assert list(directory.glob(f"counter_{dead}.db")) != []

    assert workers.send("GET", "/metrics")[0] == 403
    workers.process.send_signal(signal.SIGTERM)
    assert workers.process.wait(DEADLINE) == 0
    assert list(tmp_path.glob("metrics-*")) == []


ASKING = f"""
from django.test import Client
headers = {{"authorization": "Bearer {TOKEN}"}}
for path in ("/livez", "/readyz", "/readyz?writes=1", "/metrics"):
    print(Client(headers=headers).get(path, SERVER_NAME="10.0.0.7").status_code)
"""


def test_https_does_not_redirect_who_asks_past_the_proxy() -> None:
    environment = os.environ | {"HTTPS": "on", "METRICS_TOKEN": TOKEN, "ALLOWED_HOSTS": "a.example"}
    statuses = manage(environment, "shell", "--verbosity=0", "--command", ASKING)
    assert statuses.split() == ["200"] * 4

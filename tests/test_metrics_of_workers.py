"""Metrics add up over all workers and survive a killed worker."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
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

    def wait_for_lines(self, text: str, number: int) -> None:
        """Wait until the log has so many further lines with this text."""
        assert self.process.stderr is not None
        late = threading.Timer(2 * DEADLINE, self.process.kill)
        late.start()
        for line in self.process.stderr:
            number -= text in line
            if not number:
                late.cancel()
                return
        raise AssertionError("the server ended")

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
    with serving(url, "--workers=2", "--no-housekeeping", shop=shop, **settings) as server:
        yield Workers(server.process, server.port, server.secret)


def written_by(directory: Path) -> set[int]:
    """The process ids of the workers that have a file of their counts."""
    return {int(file.stem.partition("-")[0]) for file in directory.glob("*-*.metrics")}


def wait_until_written(directory: Path, workers: set[int]) -> None:
    """Wait until these workers have files, and no other one."""
    end = time.monotonic() + DEADLINE
    while written_by(directory) != workers:
        assert time.monotonic() < end, written_by(directory)
        time.sleep(0.05)


def test_several_workers_count_together_and_survive_one(workers: Workers, tmp_path: Path) -> None:
    first = {workers.next_worker(), workers.next_worker()}
    # Queues are shown before anybody has asked for a hot route.
    queues = {("monoservices_queue_length", name) for name in ("orders", "reads")}
    workers.metrics_when(lambda read: queues <= read.keys())
    statuses = Counter(workers.place(f"first {n}") for n in range(20))
    assert statuses == {201: 20}
    ordered = REQUESTS, "express, POST, /api/v1/orders/, 201"
    before = workers.metrics_when(
        lambda read: (read.get((OUTCOMES, ", accepted")), read.get(ordered)) == (20, 20)
    )
    assert before["monoservices_queue_length", "orders"] == 0
    [directory] = tmp_path.glob("metrics-*")
    # A worker that has not begun to listen yet has answered nothing, and writes later.
    wait_until_written(directory, first)

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
    # The new worker has moved the counts of the dead one. What was not yet written is lost.
    wait_until_written(directory, first | {born})
    assert (directory / "ended.metrics").exists()

    assert workers.send("GET", "/metrics")[0] == 403
    workers.process.send_signal(signal.SIGTERM)
    assert workers.process.wait(DEADLINE) == 0
    assert list(tmp_path.glob("metrics-*")) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of one MiB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("needs root on Linux, to mount a file system")
    disk = tmp_path / "small disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False)  # noqa: S607
    if mounted.returncode != 0:
        pytest.skip("may not mount a file system")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)  # noqa: S607


def fill(disk: Path) -> Path:
    """Fill a file system to its last byte, by a file that is returned."""
    path = disk / "filling"
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1024))
    assert os.statvfs(disk).f_bavail == 0
    return path


def test_a_full_disk_costs_metrics_and_nothing_else(tmp_path: Path, small_disk: Path) -> None:
    shop = SHOP.replace("stock_quantity=5", "stock_quantity=25")
    url = f"sqlite:///{tmp_path / 'served.sqlite3'}"
    settings = {"METRICS_TOKEN": TOKEN, "TMPDIR": str(small_disk)}
    with serving(url, "--workers=2", "--no-housekeeping", shop=shop, **settings) as server:
        workers = Workers(server.process, server.port, server.secret)
        doomed, _ = workers.next_worker(), workers.next_worker()
        filling = fill(small_disk)
        workers.wait_for_lines("Metrics cannot be written", 2)
        os.kill(doomed, signal.SIGKILL)
        workers.next_worker()
        workers.wait_for_lines("Metrics cannot be written", 1)
        assert Counter(workers.place(str(number)) for number in range(20)) == {201: 20}
        workers.metrics()
        filling.unlink()
        workers.metrics_when(lambda read: read.get((OUTCOMES, ", accepted")) == 20)
        server.process.send_signal(signal.SIGTERM)
        said = server.process.communicate(timeout=DEADLINE)[1]
    assert server.process.returncode == 0
    assert said.count("Metrics cannot be written") == 0  # one line was enough
    assert said.count("Metrics are written again.") == 2
    assert "crash loop" not in said
    assert list(small_disk.iterdir()) == []


ASKING = f"""
from django.test import Client
headers = {{"authorization": "Bearer {TOKEN}"}}
for path in ("/livez", "/readyz", "/readyz?writes=1", "/metrics"):
    print(Client(headers=headers).get(path, SERVER_NAME="10.0.0.7").status_code)
"""


def test_https_does_not_redirect_who_asks_past_the_proxy() -> None:
    environment = os.environ | {"HTTPS": "on", "METRICS_TOKEN": TOKEN, "ALLOWED_HOSTS": "a.example"}
    environment["DATABASE_URL"] = "sqlite:///:memory:"
    statuses = manage(environment, "shell", "--verbosity=0", "--command", ASKING)
    assert statuses.split() == ["200"] * 4

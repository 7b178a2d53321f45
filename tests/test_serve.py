"""`manage.py serve` takes orders, survives a killed worker, and stops."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from monoservices.management.commands.serve import default_workers

ROOT = Path(__file__).resolve().parent.parent
DEADLINE = 20
"""In seconds. A server kills workers that do not end within 30."""

MIGRATE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
"""
SHOP = """
from apps.accounts.operations import issue_key
from apps.products.operations import create_product
create_product(name="Blue Mug", price="9.99", stock_quantity=5)
print(issue_key(client_name="shop").secret)
"""


class Served:
    """A running `manage.py serve` with one product and a key to order it."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, secret: str) -> None:
        self.process = process
        self.port = port
        self.secret = secret

    def send(
        self, method: str, path: str, data: Any = None, *, secret: str | None = None
    ) -> tuple[int, bytes]:
        """Status and body; asked again until the server takes connections.

        Each request has a connection of its own, so that whichever worker answers. secret: of
        another key than the shop's.
        """
        bearer = f"Bearer {secret or self.secret}"
        headers = {"Authorization": bearer, "Content-Type": "application/json"}
        body = None if data is None else json.dumps(data)
        end = time.monotonic() + DEADLINE
        while True:
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
            try:
                client.request(method, path, body, headers)
                response = client.getresponse()
                return response.status, response.read()
            except OSError:  # also if a worker was killed during the request
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
            finally:
                client.close()

    def next_worker(self) -> int:
        """Wait for the log line about a new worker. Return the worker's process id."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if match := re.search(r"Spawning worker-\d with PID: (\d+)", line):
                return int(match[1])
        raise AssertionError("the server ended")


def manage(environment: dict[str, str], *args: str) -> str:
    command = [sys.executable, "manage.py", *args]
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    ).stdout


@contextmanager
def serving(
    database: str, *options: str, shop: str = SHOP, limits: str = "", **settings: str
) -> Iterator[Served]:
    """A server of a new shop, on an empty database, with these options and settings.

    shop: Python that fills it, and prints a key. limits: a command of the shell before the server
        starts, such as "ulimit -n 500".
    """
    environment = os.environ | {"DATABASE_URL": database, "DEBUG": "off"} | settings
    secret = manage(environment, "shell", "--verbosity=0", "--command", MIGRATE + shop).strip()
    with started(environment, *options, secret=secret, limits=limits) as server:
        yield server


@contextmanager
def started(
    environment: dict[str, str], *options: str, secret: str = "", limits: str = ""
) -> Iterator[Served]:
    """A server of the shop in this environment. secret: of a key of that shop."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    serve = ["serve", "--skip-checks", "--port", str(port)]  # other tests run the checks
    command = [sys.executable, "manage.py", *serve, *options]
    if limits:
        command = ["sh", "-c", f'{limits} && exec "$@"', "sh", *command]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Served(process, port, secret)
        finally:
            process.terminate()
            if process.stderr is not None:
                process.stderr.close()  # nobody reads what it still writes
            try:
                process.wait(2 * DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(f"sqlite:///{tmp_path / 'served.sqlite3'}") as server:
        yield server


def test_it_takes_orders_survives_its_worker_and_stops(served: Served) -> None:
    worker = served.next_worker()
    status, body = served.send("POST", "/api/v1/orders/", {"product_id": 1, "quantity": 2})
    assert (status, json.loads(body)["total"]) == (201, "19.98")
    # Static files are served from the packages.
    status, style = served.send("GET", "/static/admin/css/base.css")
    assert (status, style[:10]) == (200, b"/*\n    DJA")

    os.kill(worker, signal.SIGKILL)
    assert served.next_worker() != worker
    status, body = served.send("GET", "/api/v1/products/1/")
    assert (status, json.loads(body)["stock_quantity"]) == (200, 3)

    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(DEADLINE) == 0


def test_an_address_that_is_taken_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            CommandError,
            match=rf"Cannot listen on localhost, port {port}: Address already in use\.",
        ):
            call_command("serve", host="localhost", port=port)


@pytest.mark.parametrize("cores", [1, 2, 64])
def test_workers_by_default(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    assert default_workers() == (1 if connection.vendor == "sqlite" else min(cores, 2))


@pytest.mark.parametrize("option", ["--port=0", "--port=65536", "--port=x", "--workers=0"])
def test_options_are_bounded(option: str) -> None:
    with pytest.raises(CommandError, match="expected 1 to "):
        call_command("serve", option)

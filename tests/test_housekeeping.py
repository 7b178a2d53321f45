"""`manage.py serve` keeps a housekeeper, which is killed and replaced, and ends with it."""

import os
import re
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.db import connection

from monoservices.housekeeping.beside import housekeeping
from tests.test_metrics_of_workers import TOKEN, Workers
from tests.test_serve import DEADLINE, ROOT, manage, serving

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the servers have a database of their own"
)

FILES = {
    "kept_settings.py": """
        from config.settings import *
        INSTALLED_APPS = [*INSTALLED_APPS, "kept"]
        SERVED_SERVICES = {*SERVED_SERVICES, "kept"} if "SERVED_SERVICES" in globals() else None
    """,
    "kept/__init__.py": "",
    "kept/apps.py": """
        from monoservices.services.config import ServiceConfig
        class KeptConfig(ServiceConfig):
            name = "kept"
            chores = ("kept.operations.tidy",)
    """,
    "kept/operations.py": """
        from django.db import connection, transaction
        def tidy(*, limit):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT id FROM work WHERE done = 0 LIMIT %s", [limit])
                ids = [id for (id,) in cursor.fetchall()]
                for id in ids:
                    cursor.execute("UPDATE work SET done = done + 1 WHERE id = %s", [id])
                return len(ids)
    """,
}
"""A service with a chore: it counts in each row of a table how often it was done."""
UNITS = "monoservices_housekeeping_units_total", "tidy"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The database of a project that has this service, with a table of nothing to do."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(dedent(text))
    database = tmp_path / "served.sqlite3"
    with closing(sqlite3.connect(database)) as shop, shop:
        shop.execute("CREATE TABLE work (id INTEGER PRIMARY KEY, done INTEGER)")
    return database


def add_work(database: Path, number: int) -> None:
    with closing(sqlite3.connect(database, timeout=DEADLINE)) as shop, shop:
        shop.executemany("INSERT INTO work (done) VALUES (?)", [(0,)] * number)


def done(database: Path) -> dict[int, int]:
    """How many rows were done how often."""
    with closing(sqlite3.connect(database, timeout=DEADLINE)) as shop:
        return dict(shop.execute("SELECT done, count(*) FROM work GROUP BY done"))


def wait_for(expected: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not expected():
        assert time.monotonic() < end
        time.sleep(0.05)


def settings(tmp_path: Path) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "kept_settings",
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        "METRICS_TOKEN": TOKEN,
        "TMPDIR": str(tmp_path),
    }


@contextmanager
def served(database: Path, *options: str) -> Iterator[Workers]:
    url = f"sqlite:///{database}"
    with serving(url, *options, **settings(database.parent)) as server:
        yield Workers(server.process, server.port, server.secret)


def next_housekeeper(workers: Workers) -> int:
    assert workers.process.stderr is not None
    for line in workers.process.stderr:
        if match := re.search(r"Spawning housekeeper with PID: (\d+)", line):
            return int(match[1])
    raise AssertionError("the server ended")


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()


def test_a_killed_housekeeper_is_replaced_and_nothing_is_lost_or_done_twice(kept: Path) -> None:
    add_work(kept, 1_200)
    with served(kept) as workers:
        first = next_housekeeper(workers)
        wait_for(lambda: done(kept) == {1: 1_200})
        read = workers.metrics_when(lambda read: read.get(UNITS) == 1_200)
        assert read["monoservices_housekeeping_lag_seconds", "tidy"] < 1
        assert read["monoservices_housekeeping_runs_total", "tidy, done"] >= 3

        add_work(kept, 5_000)
        os.kill(first, signal.SIGKILL)
        second = next_housekeeper(workers)
        wait_for(lambda: done(kept) == {1: 6_200})
        assert workers.send("GET", "/livez")[0] == 200

        workers.process.send_signal(signal.SIGTERM)
        assert workers.process.wait(DEADLINE) == 0
    assert not is_running(second)


def test_a_housekeeper_does_not_outlive_its_server(kept: Path) -> None:
    with served(kept) as workers:
        housekeeper = next_housekeeper(workers)
        worker = workers.next_worker()
        workers.process.kill()
        wait_for(lambda: not is_running(housekeeper))
        if is_running(worker):
            os.kill(worker, signal.SIGKILL)


def test_without_housekeeping(kept: Path) -> None:
    add_work(kept, 3)
    with served(kept, "--no-housekeeping") as workers:
        workers.next_worker()
        assert workers.send("GET", "/livez")[0] == 200
        workers.process.send_signal(signal.SIGTERM)
        said = workers.process.communicate(timeout=DEADLINE)[1]
    assert "housekeeper" not in said
    assert done(kept) == {0: 3}
    environment = os.environ | settings(kept.parent) | {"DATABASE_URL": f"sqlite:///{kept}"}
    manage(environment, "housekeep", "--once")
    assert done(kept) == {1: 3}


def test_it_starts_in_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise, Popen waits for a pipe that a worker holds who was forked at the same moment."""
    spawned = []
    spawn = os.posix_spawn

    def recording(path: Any, *arguments: Any, **options: Any) -> int:
        spawned.append(path)
        return spawn(path, *arguments, **options)

    monkeypatch.setattr(os, "posix_spawn", recording)
    with housekeeping():
        wait_for(lambda: bool(spawned))
    assert spawned == [sys.executable]

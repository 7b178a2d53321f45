"""While the front lives, what was counted is published again and again; and at the end."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client

from monoservices.metrics import Counter, Series, publishing, sharing
from monoservices.metrics.processes import VARIABLE, counting_together
from monoservices.metrics.publishing import Publisher
from monoservices.metrics.requests import REQUESTS
from monoservices.metrics.sharing import Snapshot, read_all
from monoservices.server.asgi import Message
from monoservices.server.front import Front
from monoservices.tests.metrics.reading import samples
from monoservices.tests.server.steps import A_LONG_TIME
from tests.asgi import new_django

NAME = "test_published_total"
FULL = OSError(28, "No space left on device")


@pytest.fixture
def counter() -> Series:
    metric = Counter(NAME, "Published.")
    return metric.of()


@pytest.fixture
def publisher(directory: Path) -> Iterator[Publisher]:
    publisher = Publisher(directory)
    yield publisher
    publisher.stop()


def published(directory: Path) -> list[float]:
    """The published numbers of the counter of these tests."""
    return [
        number
        for snapshot in read_all(directory).values()
        for numbers in snapshot.totals.get(NAME, {}).values()
        for number in numbers
    ]


def wait_until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + A_LONG_TIME
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [0.01, A_LONG_TIME], ids=["meanwhile", "at the end"])
def test_what_was_counted_is_published(
    monkeypatch: pytest.MonkeyPatch, directory: Path, counter: Series, seconds: float
) -> None:
    async def live() -> None:
        life: asyncio.Queue[Message] = asyncio.Queue()
        sent: asyncio.Queue[Message] = asyncio.Queue()
        lifespan = asyncio.create_task(
            Front(new_django())({"type": "lifespan"}, life.get, sent.put)
        )
        await life.put({"type": "lifespan.startup"})
        assert await sent.get() == {"type": "lifespan.startup.complete"}
        await asyncio.to_thread(wait_until, lambda: bool(read_all(directory)))  # that it lives
        counter.add(3)
        if seconds != A_LONG_TIME:
            await asyncio.to_thread(wait_until, lambda: bool(published(directory)))
        assert published(directory) == ([] if seconds == A_LONG_TIME else [3])
        await life.put({"type": "lifespan.shutdown"})
        assert await sent.get() == {"type": "lifespan.shutdown.complete"}
        await lifespan

    monkeypatch.setattr(publishing, "SECONDS", seconds)
    asyncio.run(asyncio.wait_for(live(), A_LONG_TIME))
    assert published(directory) == [3]
    assert "metrics" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.django_db
def test_what_django_answers_is_published_behind_any_server(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "SECONDS", 0.01)
    REQUESTS.reset()
    Client().get("/nowhere/")

    def is_published() -> bool:
        [counted] = [each.totals for each in read_all(directory).values()] or [{}]
        return list(counted.get(REQUESTS.name, {})) == [("GET", "", "404", "django")]

    wait_until(is_published)


def test_an_outage_is_logged_once(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    def fail(*_: object) -> None:
        raise FULL

    with monkeypatch.context() as patch:
        patch.setattr(sharing, "_replace", fail)
        assert [publisher.publish() for _ in range(3)] == [False] * 3
    assert [publisher.publish() for _ in range(3)] == [True] * 3
    assert [record.getMessage() for record in caplog.records] == [
        f"Metrics cannot be written, and will be old for a while: {FULL}",
        "Metrics are written again.",
    ]


@pytest.mark.parametrize("alone", [True, False])
def test_counters_never_fall_in_an_outage(
    directory: Path, monkeypatch: pytest.MonkeyPatch, counter: Series, alone: bool
) -> None:
    """Alone, a process shows its newest counts. Else all show the same, whichever answers."""
    counter.add(1)
    other = sharing.OwnFile(directory)
    if not alone:
        other.write(Snapshot(totals={NAME: {(): [10.0]}}))
    shown = 1 if alone else 11
    assert samples()[NAME, ""] == shown

    def fail(*_: object) -> None:
        raise FULL

    with monkeypatch.context() as patch:
        patch.setattr(sharing, "_replace", fail)
        counter.add(5)
        assert samples()[NAME, ""] == (6 if alone else 11)
    assert samples()[NAME, ""] == shown + 5
    other.close()


def test_who_reads_does_not_wait_for_a_disk_that_hangs(
    directory: Path, monkeypatch: pytest.MonkeyPatch, counter: Series
) -> None:
    hanging, go_on = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        hanging.set()
        go_on.wait(A_LONG_TIME)
        raise OSError

    monkeypatch.setattr(sharing, "_replace", hang)
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 0.05)
    publishing.start()
    assert hanging.wait(A_LONG_TIME)
    counter.add(2)
    began = time.monotonic()
    assert samples()[NAME, ""] == 2
    with publishing.publishing():
        pass
    assert time.monotonic() - began < A_LONG_TIME / 2
    go_on.set()
    assert publishing._publisher is not None
    publishing._publisher._thread.join(A_LONG_TIME)
    publishing._publisher._file.close()
    monkeypatch.setattr(publishing, "_publisher", None)  # it has ended


def test_without_a_directory_each_worker_counts_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/proc/nowhere")
    with counting_together():
        assert VARIABLE not in os.environ
    [record] = caplog.records
    assert record.getMessage().startswith("Each worker shows only its own metrics, as this failed:")

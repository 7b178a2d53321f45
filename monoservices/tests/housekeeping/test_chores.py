"""Chores run when they are due, and nothing that one does ends the housekeeper."""

import logging
import os
import signal
from collections.abc import Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections

from monoservices.housekeeping import chores
from monoservices.housekeeping.chores import LAG, LIMIT, RUNS, UNITS, Chore, chore_paths
from monoservices.housekeeping.housekeeper import Housekeeper
from monoservices.services.config import ServiceConfig, services

PATH = f"{__name__}.work"
OTHER = f"{__name__}.other_work"

results: list[int | Exception] = []
"""What the chores do next."""
calls: list[str] = []


def work(*, limit: int) -> int:
    assert limit == 500
    calls.append("work")
    return _result()


def other_work(*, limit: int) -> int:
    calls.append("other")
    return _result()


def _result() -> int:
    result = results.pop(0)
    if isinstance(result, Exception):
        raise result
    if not results:
        signal.raise_signal(signal.SIGTERM)
    return result


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for metric in (RUNS, UNITS):
        metric.reset()
    results.clear()
    calls.clear()
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_it_is_called_every_second_and_at_once_while_there_is_more(clock: Clock) -> None:
    chore = Chore(PATH, clock=clock)
    results.extend([LIMIT, LIMIT, 3])
    for left in (0.0, 0.0, 1.0):
        assert chore.run()
        assert chore.seconds_left() == left
    assert UNITS.count() == {("work",): [1003.0]}
    assert RUNS.count() == {("work", "done"): [3.0]}


def test_how_long_it_is_late(clock: Clock) -> None:
    chore = Chore(PATH, clock=clock)
    results.extend([LIMIT, OperationalError("away"), 0, 0])
    late = []
    for _ in range(4):
        clock.now += 5
        late.append(chore.lag())
        assert LAG.count()["work",] == [chore.lag()]
        chore.run()
    assert late == [5.0, 10.0, 15.0, 4.0]
    assert chore.lag() == 0.0
    clock.now += 1.5
    assert chore.lag() == 0.5


def test_a_failure_is_logged_once_until_it_works_again(
    clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    monkeypatch.setattr(connections, "close_all", lambda: closed.append("all"))
    chore = Chore(PATH, clock=clock)
    results.extend([OperationalError("away"), OperationalError("away"), ValueError("odd"), 0])
    with caplog.at_level(logging.WARNING, chores.__name__):
        worked = []
        for _ in range(4):
            worked.append(chore.run())
            assert chore.seconds_left() == 1.0
    assert worked == [False, False, False, True]
    assert closed == ["all"] * 3
    assert [record.message for record in caplog.records] == [
        "The chore work fails. It is called again every second.",
        "The chore work fails. It is called again every second.",
        "The chore work works again.",
    ]
    assert RUNS.count() == {("work", "failed"): [3.0], ("work", "done"): [1.0]}


def test_a_full_chore_lets_the_others_take_turns() -> None:
    results.extend([LIMIT, ValueError("odd"), LIMIT, 0])
    Housekeeper([Chore(PATH), Chore(OTHER)]).run()
    assert calls == ["work", "other", "work", "work"]


def test_a_signal_ends_it_after_the_chore_that_runs() -> None:
    results.extend([LIMIT])
    Housekeeper([Chore(PATH), Chore(OTHER)]).run()
    assert calls == ["work"]


def test_it_ends_when_its_parent_has_ended() -> None:
    Housekeeper([Chore(PATH)], parent=os.getppid() + 1).run()
    assert calls == []


def test_once_is_until_nothing_is_left() -> None:
    results.extend([ValueError("odd"), LIMIT, 2, 0])
    assert not Housekeeper([Chore(PATH), Chore(OTHER)]).run_once()
    assert calls == ["work", "other", "other"]
    results[:] = [1, 1, 0]
    assert Housekeeper([Chore(PATH), Chore(OTHER)]).run_once()


def chores_of(monkeypatch: pytest.MonkeyPatch, *paths: str) -> ServiceConfig:
    """Let the first service have these chores, and no other one any."""
    first = next(services())
    for each in services():
        monkeypatch.setattr(each, "chores", ())
    monkeypatch.setattr(first, "name", __name__)
    monkeypatch.setattr(first, "chores", paths)
    return first


def test_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    chores_of(monkeypatch, PATH, OTHER)
    results.extend([1, 1, 1])
    call_command("housekeep", "--once")
    assert calls == ["work", "other"]
    results[:] = [ValueError("odd"), 1, 1]
    with pytest.raises(CommandError, match="A chore fails"):
        call_command("housekeep", "--once")


def test_whose_chores_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    first = chores_of(monkeypatch, PATH)
    assert PATH in chore_paths()
    monkeypatch.setattr(ServiceConfig, "is_served", property(lambda each: each is not first))
    assert PATH not in chore_paths()
    monkeypatch.undo()
    named = chores_of(monkeypatch, "monoservices.api.work").label
    with pytest.raises(ImproperlyConfigured, match=f"{named} names a chore that is not its"):
        chore_paths()

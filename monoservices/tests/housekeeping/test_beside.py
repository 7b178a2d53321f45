"""How long the next housekeeper is waited for, after one has died."""

import subprocess
import sys
import threading

import pytest

from monoservices.housekeeping import beside


class Pauses(threading.Event):
    """It is set after four pauses, which are noted and do not last."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seen.append(timeout)
        if len(self.seen) == 4:
            self.set()
        return self.is_set()


class Keeper(beside._Keeper):
    """Its housekeepers die at once."""

    def _next(self) -> "subprocess.Popen[bytes] | None":
        if self._end.is_set():
            return None
        return subprocess.Popen([sys.executable, "-S", "-c", ""])


def pauses() -> list[float | None]:
    keeper = Keeper()
    keeper._end = end = Pauses()
    keeper.run()
    return end.seen


def test_who_dies_at_its_start_is_waited_for_longer_each_time() -> None:
    assert pauses() == [1, 2, 4, 8]


def test_who_was_healthy_is_replaced_after_the_first_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "HEALTHY_SECONDS", 0)
    assert pauses() == [1, 1, 1, 1]

"""How a worker sets its interpreter, for as long as it lives."""

import gc
import sys

import pytest

from monoservices.server.worker import GARBAGE, SWITCH_SECONDS, tuned_interpreter


def state() -> tuple[float, tuple[int, int, int], int]:
    return sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count()


def test_the_interpreter_is_tuned_and_afterwards_as_before() -> None:
    before = state()
    with tuned_interpreter():
        interval, thresholds, frozen = state()
    assert interval == pytest.approx(SWITCH_SECONDS)
    assert thresholds == (GARBAGE, *before[1][1:])
    assert frozen > 100_000  # Django and all that is loaded
    assert state() == before
    assert before[0] > SWITCH_SECONDS
    assert before[1][0] < GARBAGE

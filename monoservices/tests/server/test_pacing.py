"""The throttle of refusals, by a clock of the tests' own; and that refusals keep to it."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monoservices.server.pacing import Throttle


def test_some_wait_for_nothing() -> None:
    throttle = Throttle(4, at_once=3, longest=10)
    assert [throttle.delay(100.0) for _ in range(5)] == [0, 0, 0, 0.25, 0.5]


def test_refusals_leave_the_worker_to_orders() -> None:
    """A refusal costs about as much as an order, of which there are thousands a second."""
    throttle = Throttle()
    assert sum(throttle.delay(100.0) < 0.99 for _ in range(1_000)) == 149
    assert sum(throttle.delay(200.0) < 0.01 for _ in range(1_000)) == 100


def test_who_comes_at_the_pace_never_waits() -> None:
    throttle = Throttle(4, at_once=1, longest=10)
    assert [throttle.delay(n / 4) for n in range(100)] == [0] * 100


def test_several_turns_at_once_take_their_time() -> None:
    throttle = Throttle(4, at_once=1, longest=10)
    assert [throttle.delay(100.0, turns=n) for n in (2, 1, 3, 1)] == [0, 0.5, 0.75, 1.5]


def test_rest_is_not_saved_up() -> None:
    throttle = Throttle(4, at_once=3, longest=10)
    assert [throttle.delay(0.0) for _ in range(4)] == [0, 0, 0, 0.25]
    assert [throttle.delay(1_000.0) for _ in range(4)] == [0, 0, 0, 0.25]


def test_nobody_waits_longer_than_the_longest() -> None:
    throttle = Throttle(4, at_once=3, longest=0.5)
    assert [throttle.delay(0.0) for _ in range(7)] == [0, 0, 0, 0.25, 0.5, 0.5, 0.5]


def test_what_was_too_much_is_not_made_up_for() -> None:
    throttle = Throttle(4, at_once=3, longest=0.5)
    assert [throttle.delay(0.0) for _ in range(100)][-1] == 0.5
    assert [throttle.delay(2.0) for _ in range(4)] == [0, 0, 0, 0.25]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=200))
def test_a_second_has_no_more_than_its_turns_and_those_at_once(gaps: list[int]) -> None:
    """Whoever comes, in gaps of eighths of a second."""
    throttle = Throttle(8, at_once=5, longest=1_000)
    now, turns = 0.0, []
    for gap in gaps:
        now += gap / 8
        turns.append(now + throttle.delay(now))
    assert turns == sorted(turns)
    assert max(Counter(int(turn * 8) // 8 for turn in turns).values()) <= 8 + 4


def test_a_turn_comes_when_its_delay_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(asyncio.wait_for(turns(Throttle(1, at_once=2, longest=0.5), 5), timeout=60))
    assert len(slept) == 3
    assert all(0 < seconds <= 0.5 for seconds in slept)
    del slept[:]
    asyncio.run(
        asyncio.wait_for(turns(Throttle(1, at_once=2, longest=0.5), 5, waited=0.5), timeout=60)
    )
    assert slept == []


async def turns(throttle: Throttle, count: int, waited: float = 0.0) -> None:
    for _ in range(count):
        await throttle.wait(waited=waited)

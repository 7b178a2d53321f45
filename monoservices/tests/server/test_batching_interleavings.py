"""Batches with retries, under any interleaving of arrivals, departures, ends and failures."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import OperationalError
from hypothesis import example, given
from hypothesis import strategies as st

from monoservices.database.errors import PASSING
from monoservices.database.retrying import with_retries
from monoservices.tests.server.steps import (
    A_LONG_TIME,
    Calls,
    IntBatcher,
    Steps,
    batching,
    call,
    outcomes,
)

pytestmark = pytest.mark.django_db

EVENTS = st.lists(
    st.sampled_from(["arrival", "arrival", "two arrivals", "departure", "end"]), max_size=25
)
FAULTS = st.lists(
    st.sampled_from([None, None, *PASSING, ValueError]),
    max_size=8,
)
ITEMS = st.frozensets(st.integers(0, 20), max_size=3)


@pytest.fixture
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Hide the traceback of every failure that the test intends."""
    caplog.set_level(logging.CRITICAL, "monoservices.database.retrying")


@dataclass
class Faults:
    """What fails: certain attempts, whatever their items, and every attempt with certain items."""

    attempts: Iterable[type[Exception] | None]
    always_passing: frozenset[int]
    always_poison: frozenset[int]
    alone: dict[int, Exception] = field(default_factory=dict)
    """The error of each item whose last attempt was alone and failed."""
    met_alone: int = 0
    """How many faults of `attempts` have hit an item that ran alone."""

    def __post_init__(self) -> None:
        self.attempts = iter(self.attempts)

    def __call__(self, items: list[int]) -> Exception | None:
        error: Exception | None = None
        if fault := next(iter(self.attempts), None):
            error = fault("this attempt")
            self.met_alone += len(items) == 1
        elif self.always_poison.intersection(items):
            error = ValueError("poison")
        elif self.always_passing.intersection(items):
            error = OperationalError("always")
        for item in items:
            self.alone.pop(item, None)
        if error is not None and len(items) == 1:
            self.alone[items[0]] = error
        return error


async def end_of_attempt(batcher: IntBatcher, steps: Steps) -> None:
    """Let the current attempt end, if there is one; return when the next begins, or none will."""
    if batcher._idle.is_set():
        return
    steps.go_one_on()
    begun = asyncio.ensure_future(steps.begun())
    idle = asyncio.ensure_future(batcher._idle.wait())
    await asyncio.wait({begun, idle}, return_when=asyncio.FIRST_COMPLETED, timeout=A_LONG_TIME)
    idle.cancel()
    if not begun.done():
        steps.stop_waiting()
        await begun


async def play(events: list[str], steps: Steps, size: int) -> tuple[list[Any], set[int]]:
    """(outcomes by item, the items whose callers have left)."""
    calls: Calls = []
    left: set[int] = set()
    async with batching(with_retries(steps), size=size, limit=1_000) as batcher:
        for event in events:
            was_idle = batcher._idle.is_set()
            if event == "end":
                await end_of_attempt(batcher, steps)
            elif event != "departure":
                count = 2 if event == "two arrivals" else 1
                calls += await call(batcher, *range(len(calls), len(calls) + count))
                if was_idle:
                    await steps.begun()
            elif calls and not calls[-1].done():
                calls[-1].cancel()
                left.add(len(calls) - 1)
        steps.go_on()
        return await outcomes(calls), left


@pytest.mark.usefixtures("_quiet")
@given(EVENTS, FAULTS, ITEMS, ITEMS, st.integers(1, 4))
@example(["two arrivals"] * 3, [], frozenset(), frozenset({1}), 2)
@example(["arrival", "two arrivals", "end"], [OperationalError] * 3, frozenset(), frozenset(), 3)
def test_every_item_is_decided_once_in_order_and_answered_truly(
    events: list[str],
    attempts: list[type[Exception] | None],
    passing: frozenset[int],
    poison: frozenset[int],
    size: int,
) -> None:
    faults = Faults(attempts, passing, poison)
    steps = Steps(faults)
    answers, left = asyncio.run(play(events, steps, size))

    items = range(len(answers))
    succeeded, failed = set(steps.done), set(faults.alone)
    # Nothing is lost and nothing is done twice.
    assert succeeded | failed == set(items)
    assert not succeeded & failed
    assert max(Counter(steps.done).values(), default=1) == 1
    # No item fails for the sake of another: each that fails had an error alone.
    always = (passing | poison) & set(items)
    assert always <= failed
    assert len(failed - always) <= faults.met_alone
    # The order is that of arrival, and batches are bounded.
    assert steps.done == sorted(steps.done)
    first_attempts = list(dict.fromkeys(item for batch in steps.attempts for item in batch))
    assert first_attempts == list(items)
    assert all(len(batch) <= size for batch in steps.attempts)
    # Every caller gets the outcome of its own item.
    for item, answer in enumerate(answers):
        if item in left:
            assert isinstance(answer, asyncio.CancelledError)
        elif item in failed:
            assert answer is faults.alone[item]
        else:
            assert answer == -item


@given(EVENTS, st.integers(1, 4))
def test_without_failures_each_item_is_in_one_attempt(events: list[str], size: int) -> None:
    steps = Steps()
    answers, _ = asyncio.run(play(events, steps, size))
    assert [item for batch in steps.attempts for item in batch] == list(range(len(answers)))
    assert steps.done == list(range(len(answers)))

"""Batches as an algorithm, with a real thread: what runs together, in which order, how often."""

import asyncio
from collections.abc import Callable, Sequence
from threading import current_thread
from threading import enumerate as threads
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection, connections

from monoservices.api.problems import Unavailable
from monoservices.server.batching import PASSING, Batcher
from monoservices.tests.server.steps import A_LONG_TIME, Clock, Steps, batching, call, outcomes

pytestmark = pytest.mark.django_db


def test_a_call_that_comes_alone_begins_at_once() -> None:
    async def scene() -> None:
        steps = Steps()
        async with batching(steps) as batcher:
            calls = await call(batcher, 1)
            await steps.begun()
            steps.go_on()
            assert await outcomes(calls) == [-1]
        assert steps.attempts == [[1]]

    asyncio.run(scene())


def test_what_comes_while_a_batch_runs_is_the_next_one_in_order() -> None:
    async def scene() -> None:
        steps = Steps()
        async with batching(steps) as batcher:
            calls = await call(batcher, 1, 2)  # at the same time: they share a batch
            await steps.begun()
            calls += await call(batcher, 5)
            calls += await call(batcher, 4, client="other")
            calls += await call(batcher, 3)
            assert steps.attempts == [[1, 2]]
            steps.go_on()
            assert await outcomes(calls) == [-1, -2, -5, -4, -3]
        assert steps.attempts == [[1, 2], [5, 4, 3]]

    asyncio.run(scene())


def test_a_batch_is_no_larger_than_its_size() -> None:
    async def scene() -> None:
        steps = Steps()
        steps.go_on()
        async with batching(steps, size=3) as batcher:
            assert await outcomes(await call(batcher, *range(7))) == [-n for n in range(7)]
        assert steps.attempts == [[0, 1, 2], [3, 4, 5], [6]]

    asyncio.run(scene())


def test_an_idle_batcher_begins_again() -> None:
    async def scene() -> None:
        steps = Steps()
        steps.go_on()
        async with batching(steps) as batcher:
            for item in (1, 2, 3):
                assert await outcomes(await call(batcher, item)) == [-item]
        assert steps.attempts == [[1], [2], [3]]

    asyncio.run(scene())


def test_a_client_holds_half_the_places_and_all_clients_all_of_them() -> None:
    async def scene() -> None:
        steps = Steps()
        async with batching(steps, limit=4) as batcher:
            running = await call(batcher, 0)
            await steps.begun()  # what runs does not wait
            greedy = await call(batcher, 1, 2, 3)
            others = await call(batcher, 4, client="b") + await call(batcher, 5, client="c")
            too_many = await call(batcher, 6, client="d")
            # Refused at once: nothing has gone on since.
            assert [task.done() for task in greedy] == [False, False, True]
            assert isinstance(greedy[2].exception(), Unavailable)
            assert isinstance(too_many[0].exception(), Unavailable)
            steps.go_on()
            assert await outcomes(running + greedy[:2] + others) == [0, -1, -2, -4, -5]
            # Whoever was refused may come again.
            assert await outcomes(await call(batcher, 7, 8)) == [-7, -8]
        assert steps.attempts == [[0], [1, 2, 4, 5], [7, 8]]

    asyncio.run(scene())


def test_who_waits_for_too_long_is_refused_and_never_runs() -> None:
    async def scene() -> None:
        steps = Steps()
        clock = Clock()
        async with batching(steps, max_wait_seconds=10) as batcher:
            running = await call(batcher, 0)
            await steps.begun()
            early = await call(batcher, 1, 2)
            clock.ahead = 6
            late = await call(batcher, 3)
            clock.ahead = 11
            for error in await outcomes(early):
                assert isinstance(error, Unavailable)
            assert not late[0].done()
            # A batch that runs is waited for, however long it takes.
            assert not running[0].done()
            steps.go_on()
            assert await outcomes(running + late) == [0, -3]
        assert steps.attempts == [[0], [3]]

    asyncio.run(scene())


def test_one_after_the_other_is_refused_at_its_own_time() -> None:
    async def scene() -> None:
        steps = Steps()
        clock = Clock()
        async with batching(steps, max_wait_seconds=10) as batcher:
            running = await call(batcher, 0)
            await steps.begun()
            for item in range(1, 5):
                clock.ahead = 6 * item
                waiting = await call(batcher, item)
                if item % 2 == 0:
                    clock.ahead += 11
                    assert isinstance((await outcomes(waiting))[0], Unavailable)
            steps.go_on()
            assert await outcomes(running) == [0]
        assert steps.attempts == [[0]]

    asyncio.run(scene())


def test_patience_without_any_refuses_all() -> None:
    async def scene() -> None:
        steps = Steps()
        async with batching(steps, max_wait_seconds=0) as batcher:
            for error in await outcomes(await call(batcher, 1, 2)):
                assert isinstance(error, Unavailable)
        assert steps.attempts == []

    asyncio.run(scene())


def test_the_item_of_a_canceled_caller_is_decided_all_the_same() -> None:
    async def scene() -> None:
        steps = Steps()
        async with batching(steps) as batcher:
            running, *waiting = await call(batcher, 1) + await call(batcher, 2, 3)
            await steps.begun()
            running.cancel()
            waiting[0].cancel()
            steps.go_on()
            left, other, answer = await outcomes([running, *waiting])
            assert isinstance(left, asyncio.CancelledError)
            assert isinstance(other, asyncio.CancelledError)
            assert answer == -3
        assert steps.done == [1, 2, 3]

    asyncio.run(scene())


def test_draining_waits_for_all_and_ends_the_thread_with_its_connection() -> None:
    used: list[Any] = []

    def use_the_database(items: Sequence[int]) -> list[int]:
        connection.ensure_connection()
        used.append((current_thread(), connections["default"]))
        return [-item for item in items]

    async def scene() -> None:
        batcher = Batcher(use_the_database, size=2, limit=100, max_wait_seconds=A_LONG_TIME)
        calls = await call(batcher, *range(5))
        await batcher.drain()
        await asyncio.sleep(0)
        assert [task.result() for task in calls] == [0, -1, -2, -3, -4]

    asyncio.run(scene())
    assert len(used) == 3
    assert len({id(thread) for thread, _ in used}) == 1
    thread, its_connection = used[0]
    assert thread not in threads()
    assert its_connection.connection is None


def test_draining_what_was_never_used() -> None:
    async def scene() -> None:
        async with batching(Steps()):
            pass

    asyncio.run(scene())


def attempts_of(
    fail: Callable[[list[int]], Exception | None], *items: int
) -> tuple[list[list[int]], list[Any]]:
    """(attempts, outcomes) of a batch of the items."""

    async def scene() -> tuple[list[list[int]], list[Any]]:
        steps = Steps(fail)
        steps.go_on()
        async with batching(steps) as batcher:
            answers = await outcomes(await call(batcher, *items))
        return steps.attempts, answers

    return asyncio.run(scene())


@pytest.mark.parametrize("passing", PASSING)
def test_a_batch_that_meets_a_passing_error_is_done_again(passing: type[Exception]) -> None:
    errors = [passing("once")]
    attempts, answers = attempts_of(lambda _: errors.pop() if errors else None, 1, 2)
    assert attempts == [[1, 2], [1, 2]]
    assert answers == [-1, -2]


@pytest.mark.parametrize("passing", PASSING)
def test_a_batch_that_fails_twice_is_done_one_by_one(passing: type[Exception]) -> None:
    errors = [passing("twice"), passing("once")]
    attempts, answers = attempts_of(lambda _: errors.pop() if errors else None, 2, 1, 3)
    assert attempts == [[2, 1, 3], [2, 1, 3], [2], [1], [3]]
    assert answers == [-2, -1, -3]


@pytest.mark.parametrize("passing", PASSING)
def test_what_always_fails_alone_is_answered_with_its_error(passing: type[Exception]) -> None:
    error = passing("always")
    attempts, answers = attempts_of(lambda items: error if 2 in items else None, 1, 2, 3)
    assert attempts == [[1, 2, 3], [1, 2, 3], [1], [2], [3]]
    assert answers == [-1, error, -3]


def test_an_error_that_does_not_pass_is_not_tried_twice_together() -> None:
    error = ValueError("poison")
    attempts, answers = attempts_of(lambda items: error if 2 in items else None, 1, 2, 3)
    assert attempts == [[1, 2, 3], [1], [2], [3]]
    assert answers == [-1, error, -3]


def test_too_few_outcomes_are_an_error_and_nothing_is_done_again() -> None:
    asked: list[int] = []

    def run(items: Sequence[int]) -> list[int]:
        asked.extend(items)
        return [-item for item in items][:1]

    async def scene() -> None:
        async with batching(run) as batcher:
            for error in await outcomes(await call(batcher, 1, 2)):
                assert isinstance(error, RuntimeError)

    asyncio.run(scene())
    assert asked == [1, 2]


def out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no new connection reach the database."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        monkeypatch.setitem(settings, "NAME", "/no/such/directory/database.sqlite3")
    else:
        monkeypatch.setitem(settings, "HOST", "127.0.0.1")
        monkeypatch.setitem(settings, "PORT", "1")


def test_a_database_that_cannot_be_reached_is_not_asked_for_every_item(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def use_the_database(_: list[int]) -> None:
        connection.ensure_connection()

    out_of_reach(monkeypatch)
    attempts, answers = attempts_of(use_the_database, 1, 2, 3)
    assert attempts == [[1, 2, 3], [1, 2, 3]]
    assert [type(answer) for answer in answers] == [OperationalError] * 3


def test_a_database_that_gets_lost_between_items(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(items: list[int]) -> Exception | None:
        if len(items) > 1:
            return ValueError("one by one, please")
        if items == [2]:
            out_of_reach(monkeypatch)
            connection.close()
            return OperationalError("lost")
        return None

    attempts, answers = attempts_of(fail, 1, 2, 3, 4)
    assert attempts == [[1, 2, 3, 4], [1], [2]]
    assert answers[0] == -1
    assert [type(answer) for answer in answers[1:]] == [OperationalError] * 3


def test_a_connection_that_breaks_while_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: object) -> None:
        raise InterfaceError("the connection is closed")

    monkeypatch.setattr(type(connections["default"]), "get_new_connection", break_off)
    attempts, answers = attempts_of(lambda _: ValueError("one by one, please"), 1, 2)
    assert attempts == [[1, 2]]
    assert [type(answer) for answer in answers] == [InterfaceError] * 2


def test_an_error_that_a_future_refuses() -> None:
    async def scene() -> None:
        steps = Steps(lambda items: StopIteration() if 1 in items else None)
        steps.go_on()
        async with batching(steps) as batcher:
            poison, other = await call(batcher, 1, 2)
            await batcher._idle.wait()
            await asyncio.sleep(0)
            assert [poison.done(), other.done()] == [True, True]
            assert other.result() == -2

    asyncio.run(scene())

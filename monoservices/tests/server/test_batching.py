"""The Batcher, with a real thread: which items run together, and in which order."""

import asyncio
from collections.abc import Sequence
from threading import current_thread
from threading import enumerate as threads
from typing import Any

import pytest
from django.db import connection, connections

from monoservices.api.problems import Unavailable
from monoservices.database.retrying import with_retries
from monoservices.server import batching as batching_module
from monoservices.tests.server.steps import A_LONG_TIME, Clock, Steps, batching, call, outcomes


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


def test_a_batch_is_no_heavier_than_allowed() -> None:
    async def scene() -> None:
        steps = Steps()
        steps.go_on()
        async with batching(steps, weigh=abs, most_weight=5) as batcher:
            items = (2, 3, 1, 9, 4, 1)
            assert await outcomes(await call(batcher, *items)) == [-item for item in items]
        assert steps.attempts == [[2, 3], [1], [9], [4, 1]]

    asyncio.run(scene())


def test_a_batch_gives_way_to_others_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        steps, others_are_busy = Steps(), [True]
        steps.go_on()
        async with batching(steps, gives_way=lambda: others_are_busy[0]) as batcher:
            monkeypatch.setattr(batching_module, "PATIENCE_SECONDS", A_LONG_TIME)
            calls = await call(batcher, 1)
            await asyncio.sleep(10 * batching_module.LOOK_SECONDS)
            calls += await call(batcher, 2)
            assert steps.attempts == []
            others_are_busy[0] = False
            assert await outcomes(calls) == [-1, -2]
            monkeypatch.setattr(batching_module, "PATIENCE_SECONDS", 0.002)
            others_are_busy[0] = True
            assert await outcomes(await call(batcher, 3)) == [-3]
            assert await outcomes(await call(batcher, 4)) == [-4]
        assert steps.attempts == [[1, 2], [3], [4]]

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
            await steps.begun()  # an item that runs does not wait
            greedy = await call(batcher, 1, 2, 3)
            others = await call(batcher, 4, client="b") + await call(batcher, 5, client="c")
            too_many = await call(batcher, 6, client="d")
            # Rejected at once, before the batch has ended.
            assert [task.done() for task in greedy] == [False, False, True]
            assert isinstance(greedy[2].exception(), Unavailable)
            assert isinstance(too_many[0].exception(), Unavailable)
            steps.go_on()
            assert await outcomes(running + greedy[:2] + others) == [0, -1, -2, -4, -5]
            # A client that was rejected may try again.
            assert await outcomes(await call(batcher, 7, 8)) == [-7, -8]
        assert steps.attempts == [[0], [1, 2, 4, 5], [7, 8]]

    asyncio.run(scene())


def test_an_item_that_waits_for_too_long_is_rejected_and_never_runs() -> None:
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
            # A batch that has begun may take any time.
            assert not running[0].done()
            steps.go_on()
            assert await outcomes(running + late) == [0, -3]
        assert steps.attempts == [[0], [3]]

    asyncio.run(scene())


def test_each_item_is_rejected_at_its_own_time() -> None:
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


def test_no_time_to_wait_rejects_all() -> None:
    async def scene() -> None:
        steps = Steps()
        async with batching(steps, max_wait_seconds=0) as batcher:
            for error in await outcomes(await call(batcher, 1, 2)):
                assert isinstance(error, Unavailable)
        assert steps.attempts == []

    asyncio.run(scene())


def test_the_item_of_a_canceled_caller_runs_all_the_same() -> None:
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


@pytest.mark.django_db
def test_draining_waits_for_all_and_ends_the_thread_with_its_connection() -> None:
    used: list[Any] = []

    def use_the_database(items: Sequence[int]) -> list[int]:
        connection.ensure_connection()
        used.append((current_thread(), connections["default"]))
        return [-item for item in items]

    async def scene() -> None:
        async with batching(use_the_database, size=2) as batcher:
            calls = await call(batcher, *range(5))
        await asyncio.sleep(0)
        assert [task.result() for task in calls] == [0, -1, -2, -3, -4]

    asyncio.run(scene())
    assert len(used) == 3
    assert len({id(thread) for thread, _ in used}) == 1
    thread, its_connection = used[0]
    assert thread not in threads()
    assert its_connection.connection is None


def test_draining_a_batcher_without_calls() -> None:
    async def scene() -> None:
        async with batching(Steps()):
            pass

    asyncio.run(scene())


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


def test_an_error_fails_the_whole_batch_and_the_next_one_runs() -> None:
    async def scene() -> None:
        steps = Steps(lambda items: ValueError("poison") if 1 in items else None)
        steps.go_on()
        async with batching(steps) as batcher:
            for error in await outcomes(await call(batcher, 1, 2)):
                assert isinstance(error, RuntimeError)
            assert await outcomes(await call(batcher, 3)) == [-3]
        assert steps.attempts == [[1, 2], [3]]

    asyncio.run(scene())


@pytest.mark.django_db
def test_an_error_that_a_future_refuses() -> None:
    async def scene() -> None:
        steps = Steps(lambda items: StopIteration() if 1 in items else None)
        steps.go_on()
        async with batching(with_retries(steps)) as batcher:
            poison, other = await call(batcher, 1, 2)
            await batcher._idle.wait()
            await asyncio.sleep(0)
            assert [poison.done(), other.done()] == [True, True]
            assert other.result() == -2

    asyncio.run(scene())

"""Turns: how many at once, how many wait, and what they rest."""

import asyncio

import pytest

from monoservices.api.problems import Unavailable
from monoservices.server.turns import Turns
from monoservices.tests.server.steps import Clock

ENOUGH = 5
"""Seconds after which a test that hangs fails."""


def test_at_most_so_many_at_once_in_order_of_arrival() -> None:
    events: list[str] = []

    async def run() -> None:
        turns, ends = Turns(2, waiting=2), [asyncio.Event() for _ in range(4)]

        async def hold(number: int) -> None:
            async with turns.turn():
                events.append(f"{number} begins")
                await ends[number].wait()

        tasks = [asyncio.create_task(hold(number)) for number in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            async with asyncio.timeout(ENOUGH), turns.turn():
                pass
        assert events == ["0 begins", "1 begins"]
        drained = asyncio.create_task(turns.drain())
        for end in (1, 0, 2, 3):
            assert not drained.done()
            ends[end].set()
            await tasks[end]
        await asyncio.wait_for(drained, ENOUGH)
        async with asyncio.timeout(ENOUGH), turns.turn():
            events.append("again")

    asyncio.run(run())
    assert events == ["0 begins", "1 begins", "2 begins", "3 begins", "again"]


def test_who_no_longer_waits_leaves_the_place_to_others() -> None:
    async def run() -> None:
        turns = Turns(1, waiting=1)
        async with turns.turn():
            waiting = asyncio.create_task(turns.turn().__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert turns._present == 1
        async with asyncio.timeout(ENOUGH), turns.turn():
            pass

    asyncio.run(run())


def test_a_turn_is_exchanged_for_one_of_another_kind() -> None:
    async def run() -> None:
        ordinary, long = Turns(1, waiting=0), Turns(1, waiting=0)
        async with ordinary.turn() as turn:
            await turn.move(long)
            await turn.move(long)  # has it already
            async with ordinary.turn() as another:
                with pytest.raises(Unavailable):
                    await another.move(long)
                assert (ordinary._present, long._present) == (1, 1)
        assert (ordinary._present, long._present) == (0, 0)

    asyncio.run(run())


def test_a_turn_rests_for_its_share_of_the_time() -> None:
    async def run() -> None:
        clock, turns = Clock(), Turns(1, waiting=1, share=0.25)
        async with turns.turn():
            clock.ahead += 1000.0
        next_turn = asyncio.create_task(turns.turn().__aenter__())
        clock.ahead += 2999.0
        await asyncio.sleep(0.01)
        assert not next_turn.done()
        clock.ahead += 2.0
        (await asyncio.wait_for(next_turn, ENOUGH)).end()

    asyncio.run(run())

"""Metrics of batches: their sizes, and how long items wait."""

import asyncio
import gc
from collections.abc import Sequence

from monoservices.api.problems import Unavailable
from monoservices.tests.metrics.reading import growth, samples
from monoservices.tests.server.steps import Clock, IntBatcher, Steps, call, outcomes

LENGTH = ("monoservices_queue_length", "test")


def _batcher(
    run: Steps | type[list[int]], *, limit: int = 100, max_wait_seconds: float = 30.0
) -> IntBatcher:
    def outcomes_of(items: Sequence[int]) -> Sequence[int]:
        return run(items)

    return IntBatcher(
        outcomes_of, size=3, limit=limit, max_wait_seconds=max_wait_seconds, name="test"
    )


def test_sizes_and_times() -> None:
    async def scene() -> None:
        batcher = _batcher(list)
        assert await outcomes(await call(batcher, *range(7))) == [*range(7)]
        await batcher.drain()

    before = samples()
    asyncio.run(scene())
    assert growth(before, "monoservices_batch_items_count") == {"test": 3}
    assert growth(before, "monoservices_batch_items_sum") == {"test": 7}
    assert growth(before, "monoservices_batch_seconds_count") == {"test": 3}
    assert growth(before, "monoservices_queue_wait_seconds_count") == {"test": 7}
    assert growth(before, "monoservices_queue_refused_total") == {}


def test_what_waits_and_what_is_refused() -> None:
    async def scene() -> None:
        clock, steps = Clock(), Steps()
        batcher = _batcher(steps, limit=4, max_wait_seconds=5.0)
        running = await call(batcher, 1)
        await steps.begun()
        waiting = await call(batcher, 2, client="a") + await call(batcher, 3, client="b")
        assert samples()[LENGTH] == 2
        waiting += await call(batcher, 4, client="c") + await call(batcher, 5, client="d")
        full = await call(batcher, 6, client="e")
        assert [type(each) for each in await outcomes(full)] == [Unavailable]
        clock.ahead = 5.0
        steps.go_on()
        assert await outcomes(running) == [-1]
        assert [type(each) for each in await outcomes(waiting)] == [Unavailable] * 4
        await batcher.drain()
        assert samples()[LENGTH] == 0

    before = samples()
    asyncio.run(scene())
    assert growth(before, "monoservices_queue_refused_total") == {"test, full": 1, "test, late": 4}
    assert growth(before, "monoservices_queue_wait_seconds_count") == {"test": 1}
    gc.collect()
    assert samples()[LENGTH] == 0  # that of no batcher is nothing

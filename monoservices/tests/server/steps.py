"""A batcher whose every attempt stops until the test lets it go on.

So no test depends on how quick anything is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from threading import Semaphore
from typing import Any

from django.db import connections

from monoservices.database.retrying import Failure, unwrap
from monoservices.server.batching import Batcher

A_LONG_TIME = 30.0
"""Seconds after which a test that hangs fails."""


class Steps:
    """A `run` that notes each attempt, and ends it when told. The outcome of n is -n.

    fail: returns the error of an attempt, or None if it is to succeed.
    """

    def __init__(self, fail: Callable[[list[int]], Exception | None] = lambda _: None) -> None:
        self.fail = fail
        self.attempts: list[list[int]] = []
        self.done: list[int] = []
        self._begun = Semaphore(0)
        self._go_on = Semaphore(0)
        self._free = False

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.attempts.append(list(items))
        self._begun.release()
        assert self._free or self._go_on.acquire(timeout=A_LONG_TIME)
        if error := self.fail(list(items)):
            raise error
        self.done.extend(items)
        return [-item for item in items]

    async def begun(self) -> None:
        """Return when one more attempt has begun."""
        assert await asyncio.to_thread(self._begun.acquire, timeout=A_LONG_TIME)

    def stop_waiting(self) -> None:
        """Let `begun` return although no attempt has begun."""
        self._begun.release()

    def go_on(self) -> None:
        """Let this attempt and all to come end."""
        self._free = True
        self._go_on.release()

    def go_one_on(self) -> None:
        self._go_on.release()


Calls = list["asyncio.Task[int]"]
IntBatcher = Batcher[int, int | Failure]


@asynccontextmanager
async def batching(
    run: Callable[[Sequence[int]], Sequence[int | Failure]],
    *,
    size: int = 100,
    limit: int = 100,
    max_wait_seconds: float = A_LONG_TIME,
    **further: Any,
) -> AsyncIterator[IntBatcher]:
    batcher = IntBatcher(
        run,
        size=size,
        limit=limit,
        max_wait_seconds=max_wait_seconds,
        at_end=connections.close_all,
        **further,
    )
    try:
        yield batcher
    finally:
        await asyncio.wait_for(batcher.drain(), A_LONG_TIME)


async def call(batcher: IntBatcher, *items: int, client: str = "shop") -> Calls:
    """Submit the items at the same time, and return when all have arrived.

    A call whose outcome is a failure raises its error.
    """

    async def submit(item: int) -> int:
        return unwrap(await batcher.submit(item, client))

    calls = [asyncio.create_task(submit(item)) for item in items]
    await asyncio.sleep(0)
    return calls


async def outcomes(calls: Calls) -> list[Any]:
    return await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), A_LONG_TIME)


class Clock:
    """The event loop's clock, which the test moves forward."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.ahead = 0.0
        true_time = loop.time
        loop.time = lambda: true_time() + self.ahead  # type: ignore[method-assign]

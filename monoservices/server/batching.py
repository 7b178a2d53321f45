"""Group commit: calls that arrive while one batch runs are the next batch, and share a transaction.

Databases write many commits to disk at once with this algorithm (DeWitt et al., "Implementation
Techniques for Main Memory Database Systems", SIGMOD 1984). If no batch runs, a batch begins at
once. Otherwise calls wait in order of arrival, and begin when the batch ends. Nothing waits for
company: a call that arrives alone is as quick as without batches, and the more calls arrive at the
same time, the larger the batches are.
"""

import asyncio
import logging
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from monoservices.api.problems import Unavailable
from monoservices.metrics.batches import BATCH_SECONDS, BATCH_SIZE, LENGTH, REFUSED, WAIT_SECONDS

PATIENCE_SECONDS = 0.02
"""How long a batch that gives way waits for others."""
LOOK_SECONDS = 0.001
"""How often it looks whether they are still busy."""

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

logger = logging.getLogger(__name__)


class Batcher(Generic[Item, Outcome]):
    """Turns concurrent calls with one item each into calls of `run` with many items.

    run: takes items and returns their outcomes, in the same order. All calls are in one thread.
        What may fail is an outcome too; if `run` raises, the whole batch fails.
    at_end: called in that thread before it ends, such as to close its connections.
    size: how many items a batch has at most. weigh, most_weight: what an item weighs, and what all
        of a batch weigh at most, unless it is a single one. limit: how many items may wait; one
        client's may take half of that. max_wait_seconds: how long an item may wait before it is
        rejected.
    gives_way: whether others are busy who come first. A batch waits for them, but no longer than
        PATIENCE_SECONDS. name: the name of the queue in metrics.
    Use it in one event loop.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Outcome]],
        *,
        size: int,
        limit: int,
        max_wait_seconds: float,
        weigh: Callable[[Item], int] = lambda _: 1,
        most_weight: float = math.inf,
        at_end: Callable[[], object] = lambda: None,
        gives_way: Callable[[], bool] = lambda: False,
        name: str = "",
    ) -> None:
        self._run = run
        self._at_end = at_end
        self._gives_way = gives_way
        self._size = size
        self._weigh = weigh
        self._most_weight = most_weight
        self._limit = limit
        self._max_wait_seconds = max_wait_seconds
        self._waiting: deque[_Call[Item, Outcome]] = deque()
        self._waiting_by_client: Counter[Hashable] = Counter()
        self._idle = asyncio.Event()
        self._idle.set()
        self._alarm: asyncio.TimerHandle | None = None
        self._ready_at = 0.0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._sizes, self._seconds = BATCH_SIZE.of(name), BATCH_SECONDS.of(name)
        self._waits = WAIT_SECONDS.of(name)
        self._refused, self._late = REFUSED.of(name, "full"), REFUSED.of(name, "late")
        LENGTH.watch(self, lambda batcher: batcher.waiting, name)

    @property
    def waiting(self) -> int:
        """How many items wait for a batch."""
        return len(self._waiting)

    async def submit(self, item: Item, client: Hashable) -> Outcome:
        """Return the outcome of `item`, for which `client` waits.

        If the caller is canceled, the item runs all the same.
        Raises Unavailable if too many items wait, or if this one waits for too long: `run` has not
        seen it then, and never will. Raises RuntimeError if the batch failed as a whole.
        """
        if len(self._waiting) >= self._limit or 2 * self._waiting_by_client[client] >= self._limit:
            self._refused.add()
            raise Unavailable("Too many requests are waiting. Nothing was done; try again.")
        loop = asyncio.get_running_loop()
        call: _Call[Item, Outcome] = _Call(item, client, loop.create_future(), loop.time())
        self._waiting.append(call)
        self._waiting_by_client[client] += 1
        if self._idle.is_set():
            self._idle.clear()
            self._ready_at = loop.time()
            # Calls that arrive in the same turn of the event loop join this batch.
            loop.call_soon(self._begin, loop)
        elif self._alarm is None:
            self._alarm = loop.call_later(self._max_wait_seconds, self._give_up, loop)
        return await call.future

    async def drain(self) -> None:
        """Return when all items have outcomes and the thread has ended. Submit nothing any more."""
        await self._idle.wait()
        if self._alarm is not None:
            self._alarm.cancel()
        await asyncio.wrap_future(self._thread.submit(self._at_end))
        self._thread.shutdown()

    @property
    def is_busy(self) -> bool:
        """Whether a batch runs, or is about to."""
        return not self._idle.is_set()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._give_up(loop)
        if self._waiting and self._gives_way() and loop.time() < self._ready_at + PATIENCE_SECONDS:
            loop.call_later(LOOK_SECONDS, self._begin, loop)
            return
        batch = self._take_batch()
        if batch:
            now = loop.time()
            self._sizes.add(len(batch))
            self._waits.extend([now - call.since for call in batch])
            self._thread.submit(self._work, loop, batch)
        else:
            self._idle.set()

    def _work(self, loop: asyncio.AbstractEventLoop, batch: "list[_Call[Item, Outcome]]") -> None:
        started = time.perf_counter()
        outcomes: Sequence[Outcome]
        try:
            outcomes = self._outcomes([call.item for call in batch])
        except BaseException:
            logger.exception("a batch of %d ended without outcomes", len(batch))
            outcomes = ()
        self._seconds.add(time.perf_counter() - started)
        loop.call_soon_threadsafe(self._finish, loop, batch, outcomes)

    def _outcomes(self, items: Sequence[Item]) -> Sequence[Outcome]:
        outcomes = self._run(items)
        if len(outcomes) != len(items):
            raise RuntimeError(f"There are {len(outcomes)} outcomes for {len(items)} items.")
        return outcomes

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: "list[_Call[Item, Outcome]]",
        outcomes: Sequence[Outcome],
    ) -> None:
        """Give each call its outcome. outcomes: none of them if the batch failed as a whole."""
        self._ready_at = loop.time()
        self._begin(loop)
        for number, call in enumerate(batch):
            if call.future.done():  # the caller has left
                continue
            if outcomes:
                call.future.set_result(outcomes[number])
            else:
                call.future.set_exception(RuntimeError("The batch ended without outcomes."))

    def _take_batch(self) -> "list[_Call[Item, Outcome]]":
        batch: list[_Call[Item, Outcome]] = []
        left = self._most_weight
        while self._waiting and len(batch) < self._size:
            left -= self._weigh(self._waiting[0].item)
            if left < 0 and batch:
                break
            batch.append(self._take())
        return batch

    def _take(self) -> "_Call[Item, Outcome]":
        call = self._waiting.popleft()
        self._waiting_by_client[call.client] -= 1
        if not self._waiting_by_client[call.client]:
            del self._waiting_by_client[call.client]
        return call

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Reject calls that have waited for too long, which are the first ones in the queue."""
        while self._waiting and loop.time() >= self._waiting[0].since + self._max_wait_seconds:
            call = self._take()
            if not call.future.done():
                self._late.add()
                call.future.set_exception(
                    Unavailable("The request has waited for too long. Nothing was done; try again.")
                )
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._waiting:
            since = self._waiting[0].since
            self._alarm = loop.call_at(since + self._max_wait_seconds, self._give_up, loop)


@dataclass(slots=True)
class _Call(Generic[Item, Outcome]):
    """An item whose caller awaits `future`. since: when it arrived, by the event loop's clock."""

    item: Item
    client: Hashable
    future: "asyncio.Future[Outcome]"
    since: float

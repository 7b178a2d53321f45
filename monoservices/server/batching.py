"""Group commit: calls that come while one transaction runs are decided together in the next one.

The algorithm is the one by which databases write many commits to disk at once (DeWitt et al.,
"Implementation Techniques for Main Memory Database Systems", SIGMOD 1984), one level up. A batch
begins at once where none runs; what comes meanwhile is gathered in the order of arrival, and begins
when it ends. So nothing ever waits for company: a call that comes alone is as quick as it would be
without batches, and the more calls there are at a time, the larger are the batches.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import (
    Error,
    IntegrityError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    connections,
)

from monoservices.api.problems import Unavailable
from monoservices.metrics.batches import BATCH_SECONDS, BATCH_SIZE, LENGTH, REFUSED, WAIT_SECONDS

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

PASSING = (OperationalError, InterfaceError, IntegrityError)
"""Errors after which the same batch may succeed: a deadlock, a lost connection, a key that somebody
else has just written."""

logger = logging.getLogger(__name__)


class Batcher(Generic[Item, Outcome]):
    """Makes concurrent calls with one item each into calls of `run` with many.

    run: takes items and returns their outcomes, in the same order. It is called in one thread, with
        that thread's connection to the database. Where it raises, nothing of the batch may have
        happened.
    size: of the largest batch. limit: how many may wait; a client's own at most half of that.
    max_wait_seconds: after how many seconds an item is given up that still waits.
    name: of its queue, in the metrics.

    To be used in one event loop.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Outcome]],
        *,
        size: int,
        limit: int,
        max_wait_seconds: float,
        name: str = "",
    ) -> None:
        self._run = run
        self._size = size
        self._limit = limit
        self._max_wait_seconds = max_wait_seconds
        self._waiting: deque[_Call[Item, Outcome]] = deque()
        self._held_by: Counter[Hashable] = Counter()
        self._idle = asyncio.Event()
        self._idle.set()
        self._alarm: asyncio.TimerHandle | None = None
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
        """The outcome of `item`, which `client` waits for.

        Raises Unavailable where too many wait, or where this one has waited for too long: then it
        has not been seen by `run`, and never will be. Raises what `run` raises for it alone.
        An item whose caller is canceled is decided all the same.
        """
        if len(self._waiting) >= self._limit or 2 * self._held_by[client] >= self._limit:
            self._refused.add()
            raise Unavailable("Too many requests are waiting. Nothing was done; try again.")
        loop = asyncio.get_running_loop()
        call: _Call[Item, Outcome] = _Call(item, client, loop.create_future(), loop.time())
        self._waiting.append(call)
        self._held_by[client] += 1
        if self._idle.is_set():
            self._idle.clear()
            # Whoever has arrived with this one is served in the same turn of the loop, and joins.
            loop.call_soon(self._begin, loop)
        elif self._alarm is None:
            self._alarm = loop.call_later(self._max_wait_seconds, self._give_up, loop)
        return await call.answer

    async def drain(self) -> None:
        """Return when everything is decided, with the thread ended and its connection closed.

        Nothing must be submitted any more.
        """
        await self._idle.wait()
        if self._alarm is not None:
            self._alarm.cancel()
        await asyncio.wrap_future(self._thread.submit(connections.close_all))
        self._thread.shutdown()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._give_up(loop)
        batch = [self._take() for _ in range(min(self._size, len(self._waiting)))]
        if batch:
            now = loop.time()
            self._sizes.add(len(batch))
            self._waits.extend([now - call.since for call in batch])
            self._thread.submit(self._work, loop, batch)
        else:
            self._idle.set()

    def _work(self, loop: asyncio.AbstractEventLoop, batch: "list[_Call[Item, Outcome]]") -> None:
        started = time.perf_counter()
        try:
            outcomes = self._outcomes([call.item for call in batch])
        except BaseException:
            logger.exception("a batch of %d ended without outcomes", len(batch))
            outcomes = [_Failure(RuntimeError("The batch ended without outcomes."))] * len(batch)
        self._seconds.add(time.perf_counter() - started)
        loop.call_soon_threadsafe(self._finish, loop, batch, outcomes)

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: "list[_Call[Item, Outcome]]",
        outcomes: "list[Outcome | _Failure]",
    ) -> None:
        self._begin(loop)
        for call, outcome in zip(batch, outcomes, strict=True):
            if call.answer.done():  # whoever called has left
                continue
            if isinstance(outcome, _Failure):
                call.answer.set_exception(outcome.error)
            else:
                call.answer.set_result(outcome)

    def _take(self) -> "_Call[Item, Outcome]":
        call = self._waiting.popleft()
        self._held_by[call.client] -= 1
        if not self._held_by[call.client]:
            del self._held_by[call.client]
        return call

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Refuse what has waited for too long; all wait equally long, so those who came first."""
        while self._waiting and loop.time() >= self._waiting[0].since + self._max_wait_seconds:
            call = self._take()
            if not call.answer.done():
                self._late.add()
                call.answer.set_exception(
                    Unavailable("The request has waited for too long. Nothing was done; try again.")
                )
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._waiting:
            since = self._waiting[0].since
            self._alarm = loop.call_at(since + self._max_wait_seconds, self._give_up, loop)

    def _outcomes(self, items: Sequence[Item]) -> "list[Outcome | _Failure]":
        outcomes = list(self._decide(items))
        if len(outcomes) != len(items):
            raise RuntimeError(f"There are {len(outcomes)} outcomes for {len(items)} items.")
        return outcomes

    def _decide(self, items: Sequence[Item]) -> "Iterator[Outcome | _Failure]":
        """Decide the items together, where that passes on the second try; else one by one."""
        try:
            return iter(self._attempt(items))
        except PASSING as error:
            logger.warning("a batch of %d is done again: %s", len(items), error)
        except Exception:
            logger.exception("a batch of %d is done one by one", len(items))
            return self._one_by_one(items)
        try:
            return iter(self._attempt(items))
        except Exception as error:
            logger.warning("a batch of %d is done one by one: %s", len(items), error)
            return self._one_by_one(items)

    def _one_by_one(self, items: Sequence[Item]) -> "Iterator[Outcome | _Failure]":
        lost: _Failure | None = None
        for item in items:
            lost = lost or self._cannot_connect()
            if lost is not None:
                yield lost
                continue
            try:
                [outcome] = self._attempt([item])
                yield outcome
            except StopIteration as error:  # which no future takes
                yield _Failure(RuntimeError(f"stopped: {error}"))
            except Exception as error:
                yield _Failure(error)

    def _attempt(self, items: Sequence[Item]) -> Sequence[Outcome]:
        close_old_connections()
        return self._run(items)

    def _cannot_connect(self) -> "_Failure | None":
        close_old_connections()
        try:
            connection.ensure_connection()
        except Error as error:
            return _Failure(error)
        return None


@dataclass(slots=True)
class _Call(Generic[Item, Outcome]):
    """An item whose caller waits for the answer, since a time of the event loop's clock."""

    item: Item
    client: Hashable
    answer: "asyncio.Future[Outcome]"
    since: float


@dataclass(slots=True)
class _Failure:
    """What `run` raised for an item alone; a value, because outcomes may be exceptions too."""

    error: Exception

"""Batches of hot routes: the requests of one moment share a trip to the database.

All hot routes that read share one queue and one connection, and have a trip together. Each route
that writes has its own, so that nothing waits behind readers; and they give way to it for a moment,
because all share one interpreter.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections
from msgspec import Struct

from monoservices.api.hot_routes import HotRead, HotRoute, read_together
from monoservices.database.retrying import Run, unwrap, with_retries
from monoservices.server.batching import Batcher
from monoservices.server.callers import Callers, HeldKey, KeyChanged

BATCH = 128
"""How many items a batch has at most."""
WEIGHT = 1024
"""How much the items of a batch weigh at most, but for a single one."""
HEAVIEST = 256
"""What an item weighs at most. Django's threads carry out heavier ones: batches stay short."""
WAITING = 1024
"""How many items may wait."""
MAX_WAIT_SECONDS = 5.0


class HotItem(Struct, frozen=True):
    """What the holder of a key asks a hot route for."""

    route: HotRoute[Any, Any]
    item: Any
    key: HeldKey


class HotBatches:
    """Carries out the items of `routes` in batches. Use it in one event loop."""

    def __init__(self, callers: Callers, routes: Iterable[HotRoute[Any, Any]]) -> None:
        self._callers = callers
        by_queue = {route.queue: route for route in routes}
        self._queues = {name: self._queue(route) for name, route in by_queue.items()}

    async def submit(self, route: HotRoute[Any, Any], item: Any, key: HeldKey) -> Any:
        """The outcome of an item.

        Raises KeyChanged if the key is not what it was, Unavailable if too many items wait or this
        one has waited for too long, and errors of the database.
        """
        queue = self._queues[route.queue]
        outcome = unwrap(await queue.submit(HotItem(route, item, key), key.caller.client_id))
        if outcome is None:
            raise KeyChanged
        return outcome

    async def drain(self) -> None:
        """Return when all items have outcomes. Submit nothing any more."""
        for queue in self._queues.values():
            await queue.drain()

    def _queue(self, route: HotRoute[Any, Any]) -> "Batcher[HotItem, Any]":
        reads = isinstance(route, HotRead)
        run: Run[HotItem, Any] = self._read if reads else self._write
        return Batcher(
            with_retries(run),
            at_end=connections.close_all,
            size=BATCH,
            weigh=lambda each: each.route.weight(each.item),
            most_weight=WEIGHT,
            limit=WAITING,
            max_wait_seconds=MAX_WAIT_SECONDS,
            gives_way=self._is_writing if reads else lambda: False,
            name=route.queue,
        )

    def _is_writing(self) -> bool:
        return any(queue.is_busy for name, queue in self._queues.items() if name != HotRead.queue)

    def _read(self, asked: Sequence[HotItem]) -> list[Any]:
        """In the thread of reads: the outcomes of items of any routes."""
        positions: defaultdict[HotRead[Any, Any], list[int]] = defaultdict(list)
        for position, each in enumerate(asked):
            positions[each.route].append(position)  # type: ignore[index]
        order = [position for group in positions.values() for position in group]
        check = self._callers.check([asked[position].key for position in order])
        parts = [
            (route, [asked[position].item for position in group])
            for route, group in positions.items()
        ]
        outcomes: list[Any] = [None] * len(asked)
        for position, outcome in zip(order, read_together(parts, check), strict=True):
            outcomes[position] = outcome
        return outcomes

    def _write(self, asked: Sequence[HotItem]) -> Sequence[Any]:
        """In the thread of a route that writes: the outcomes of its items."""
        check = self._callers.check([each.key for each in asked])
        return asked[0].route.carry_out([each.item for each in asked], check)

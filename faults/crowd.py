"""Many clients that order continuously."""

import asyncio
import random
import uuid
from collections.abc import Sequence
from itertools import count
from typing import Self

from faults.clients import Answers, Buyer, order_body
from faults.waiting import MAX_WAIT_SECONDS, until


class Crowd:
    """`size` clients that keep ordering one unit of a random product during an `async with` block.

    At the end of the block, each client finishes its current order.
    """

    def __init__(
        self,
        port: int,
        secret: str,
        size: int,
        products: Sequence[int],
        *,
        honor_retry_after: bool = True,
        answers: Answers | None = None,
    ) -> None:
        self.answers = answers or Answers()
        self._products = products
        self._buyers = [
            Buyer(port, secret, self.answers, honor_retry_after=honor_retry_after)
            for _ in range(size)
        ]
        self._go = asyncio.Event()
        self._go.set()
        self._stopped = False

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._order(buyer)) for buyer in self._buyers]
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self._stopped = True
        self._go.set()
        await asyncio.wait(self._tasks, timeout=MAX_WAIT_SECONDS)
        for task in self._tasks:
            task.cancel()  # the tasks that did not finish in time
        done = await asyncio.gather(*self._tasks, return_exceptions=True)
        for buyer in self._buyers:
            buyer.close()
        for error in done:
            if isinstance(error, Exception):
                raise error

    def hold(self) -> None:
        """Start no new orders until `resume`."""
        self._go.clear()

    def resume(self) -> None:
        self._go.set()

    async def flow(self, orders: int) -> None:
        """Wait until this many more orders are acknowledged, or raise BenchmarkError."""
        goal = len(self.answers.times) + orders
        await until(lambda: len(self.answers.times) >= goal, f"{orders} orders")

    async def _order(self, buyer: Buyer) -> None:
        prefix = uuid.uuid4().hex
        for number in count():
            await self._go.wait()
            if self._stopped:
                return
            product_id = random.choice(self._products)  # noqa: S311 - no secret
            await buyer.place(f"{prefix}-{number}", order_body(product_id))

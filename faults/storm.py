"""Repeat a fault while clients order continuously."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise

from benchmarks.servers import BenchmarkError
from faults.crowd import Crowd

CLIENTS = 64
PRODUCTS = 100
MAX_PAUSE_SECONDS = 10.0
"""Within this time after a fault, orders must be acknowledged again."""
FLOW_SECONDS = (0.5, 1.5)
"""Bounds of the random time between the first orders and the fault."""


async def storm(
    crowd: Crowd, fault: Callable[[], Awaitable[None]], *, times: int, rest: float = 0
) -> float:
    """Repeat `fault`. Return the longest time, in seconds, without an acknowledged order.

    rest: pause without orders after each fault, in seconds.
    Raises BenchmarkError if a fault causes no retry, because then it broke nothing.
    """
    longest = 0.0
    for _ in range(times):
        crowd.resume()
        await crowd.flow(CLIENTS)
        await asyncio.sleep(random.uniform(*FLOW_SECONDS))  # noqa: S311 - no secret
        began = time.monotonic()
        seen, retries = len(crowd.answers.times), crowd.answers.retries
        await fault()
        await crowd.flow(CLIENTS)
        moments = [began, *crowd.answers.times[seen:]]
        longest = max([longest, *(later - earlier for earlier, later in pairwise(moments))])
        if crowd.answers.retries == retries:
            raise BenchmarkError("The fault caused no retries, so it broke nothing.")
        crowd.hold()
        await asyncio.sleep(rest)
    return longest


def too_long(pause: float) -> list[str]:
    """The problem, if the pause was too long."""
    return [f"no orders for {pause:.1f} s"] if pause >= MAX_PAUSE_SECONDS else []

"""A fault again and again, while clients order as fast as they are answered."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise

from benchmarks.servers import BenchmarkError
from faults.crowd import Crowd

CLIENTS = 64
PRODUCTS = 100
MOST_PAUSE = 10.0
"""Seconds after a fault in which orders must flow again."""
FLOW_SECONDS = (0.5, 1.5)
"""How long orders flow before a fault: at random between these."""


async def storm(
    crowd: Crowd, fault: Callable[[], Awaitable[None]], *, times: int, rest: float = 0
) -> float:
    """The longest time, in seconds, without an order acknowledged after one of the faults.

    Raises BenchmarkError where a fault makes no client send again: then it was none.
    rest: seconds without orders from when they flow again to the next ones.
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
            raise BenchmarkError("No client noticed the fault.")
        crowd.hold()
        await asyncio.sleep(rest)
    return longest


def too_long(pause: float) -> list[str]:
    """The problem, if it is one."""
    return [f"no orders for {pause:.1f} s"] if pause >= MOST_PAUSE else []

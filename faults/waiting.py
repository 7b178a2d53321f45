"""Waiting for what tells nobody when it happens."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from benchmarks.servers import BenchmarkError

MAX_WAIT_SECONDS = 60
"""Seconds after which something is wrong that should have come long ago."""
BETWEEN_SECONDS = 0.01


async def until(condition: Callable[[], bool | Awaitable[bool]], what: str) -> None:
    """Ask again and again. Raises BenchmarkError, with `what` was waited for, in vain."""
    end = time.monotonic() + MAX_WAIT_SECONDS
    while True:
        answer = condition()
        if answer if isinstance(answer, bool) else await answer:
            return
        if time.monotonic() > end:
            raise BenchmarkError(f"Waited {MAX_WAIT_SECONDS} seconds for {what}.")
        await asyncio.sleep(BETWEEN_SECONDS)

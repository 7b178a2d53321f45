"""Wait for a condition by polling."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from benchmarks.servers import BenchmarkError

MAX_WAIT_SECONDS = 60
"""How long to wait before reporting a failure."""
POLL_SECONDS = 0.01


async def until(condition: Callable[[], bool | Awaitable[bool]], what: str) -> None:
    """Poll until the condition is true, or raise a BenchmarkError that names `what`."""
    end = time.monotonic() + MAX_WAIT_SECONDS
    while True:
        result = condition()
        if result if isinstance(result, bool) else await result:
            return
        if time.monotonic() > end:
            raise BenchmarkError(f"Waited {MAX_WAIT_SECONDS} seconds for {what}.")
        await asyncio.sleep(POLL_SECONDS)

"""What a worker process does from its start to its end, besides answering."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from monoservices.metrics.declaring import flush

SWITCH_SECONDS = 0.0005
"""How long the event loop may go on while the batches' thread has an answer of the database and
wants to run. Python's own 5 ms would be most of what a small batch takes."""
GARBAGE = 20_000
"""How many more objects than before there must be for Python to look for garbage. Python 3.11's own
700 are there with every few orders, as requests that wait for their batch are objects too."""
FLUSH_SECONDS = 1.0
"""How long what was counted may wait to be written where other processes see it."""


@contextmanager
def tuned_interpreter() -> Iterator[None]:
    """Set how threads share the interpreter, and how it looks for garbage; as before afterwards.

    What is there when the block begins is never looked at for garbage while it lasts.
    """
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(GARBAGE, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        sys.setswitchinterval(interval)


@asynccontextmanager
async def flushing() -> AsyncIterator[None]:
    """Write what was counted every FLUSH_SECONDS, and at the end."""

    async def keep_flushing() -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            flush()

    task = asyncio.create_task(keep_flushing())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        flush()

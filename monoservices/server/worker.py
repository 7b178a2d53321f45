"""What a worker process sets up besides the application: the interpreter, memory and signals."""

import asyncio
import ctypes
import gc
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_SECONDS = 0.0005
"""How long the event loop may go on while the thread of the batches wants to run. Python's default
of 5 ms would be most of the time that a small batch takes."""
GARBAGE = 20_000
"""After how many new objects Python looks for garbage. Every few orders make 700 of them, Python
3.11's default, because requests that wait for their batch are objects too."""
LARGE_BLOCK = 128 * 1024
"""From how many bytes on glibc takes a block of memory from the system and gives it back at once.
By default, each large block that is freed raises this limit, up to 32 MiB. Request bodies then lie
between small blocks, which keep the memory of all of them in the process (mallopt(3))."""
_M_MMAP_THRESHOLD = -3
"""Its number in glibc's malloc.h."""
SIGNALS = {signal.SIGINT, signal.SIGTERM}
"""The signals to end."""
TURNS = 16
"""How many turns of the event loop a worker waits before it listens to signals. Granian stops the
loop two turns after start-up and then runs it for good. What is scheduled when a loop stops runs
when it goes on (asyncio's documentation of `loop.stop`)."""


@contextmanager
def tuned_interpreter() -> Iterator[None]:
    """Tune thread switching and garbage collection, and restore both afterwards; and tune memory.

    Objects that exist when the block begins are left out of garbage collection.
    """
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_SECONDS)
    give_large_blocks_back()
    gc.freeze()
    gc.set_threshold(GARBAGE, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        sys.setswitchinterval(interval)


def give_large_blocks_back() -> None:
    """Let this process give the memory of large blocks back to the system, where that is glibc."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)


async def hear_signals() -> None:
    """Let the signals come that were blocked while this worker started."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

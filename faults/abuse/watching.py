"""The memory of a server while something happens."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from statistics import median

import psutil

EVERY_SECONDS = 1.0
WINDOW_SECONDS = 600.0
"""Memory is to be flat over the last ten minutes; over the last half of a shorter run."""

Point = tuple[float, int]
"""Seconds since the beginning, and the resident memory of all processes in bytes."""


def memory(pid: int) -> int:
    """The resident memory of a process and all its descendants, in bytes."""
    server = psutil.Process(pid)
    total = 0
    for process in [server, *server.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


@asynccontextmanager
async def watching(pid: int) -> AsyncIterator[list[Point]]:
    """Yield a list, to which points are added during the block."""
    points: list[Point] = []
    begin = time.monotonic()

    async def watch() -> None:
        while True:
            points.append((time.monotonic() - begin, memory(pid)))
            await asyncio.sleep(EVERY_SECONDS)

    task = asyncio.create_task(watch())
    try:
        yield points
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass(frozen=True)
class Growth:
    """Medians of the first and the last third of the end of a run, in bytes; and the highest."""

    before: float
    after: float
    highest: int

    @property
    def ratio(self) -> float:
        return self.after / self.before


def growth(points: Sequence[Point]) -> Growth:
    """How memory grew over the last WINDOW_SECONDS, or over the last half of a shorter run."""
    end = points[-1][0]
    last = [size for at, size in points if at >= end - min(WINDOW_SECONDS, end / 2)]
    third = max(1, len(last) // 3)
    highest = max(size for _, size in points)
    return Growth(median(last[:third]), median(last[-third:]), highest)

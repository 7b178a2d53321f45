"""Repeat a fault while clients order continuously."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

from benchmarks.servers import BenchmarkError
from faults.checks import compare
from faults.crowd import Crowd
from faults.outcome import Outcome, outcome
from faults.server import Server
from faults.shop import STOCK, Shop
from tests.postgres import PostgresServer

CLIENTS = 64
PRODUCTS = 100
MAX_PAUSE_SECONDS = 10.0
"""Within this time after a fault, orders must be acknowledged again."""
FLOW_SECONDS = (0.5, 1.5)
"""Bounds of the random time between the first orders and the fault."""

Fault = Callable[[Server], Awaitable[list[str]]]
"""Breaks something around a running server, and mends it. Returns what the server did wrong."""


async def batter(
    name: str,
    database: str,
    done: str,
    shop: Shop,
    fault: Fault,
    *,
    times: int,
    scratch: Path | None = None,
    lasting: bool = False,
    harmless: bool = False,
) -> Outcome:
    """Serve the shop, repeat the fault under load, and compare.

    name, database, done: for the table. scratch: as for Server. lasting, harmless: as for `storm`.
    """
    problems = []
    async with Server(shop, scratch=scratch) as server:

        async def strike() -> None:
            problems.extend(await fault(server))

        crowd = Crowd(server.port, server.secret, CLIENTS, range(1, PRODUCTS + 1))
        async with crowd:
            pause = await storm(crowd, strike, times=times, lasting=lasting, harmless=harmless)
        verdict = await compare(shop, server, crowd.answers)
        if server.process.poll() is not None:
            problems.append("the server ended")
    return outcome(
        name,
        database,
        done,
        crowd.answers,
        verdict,
        times=times,
        pause=pause,
        problems=problems + too_long(pause),
    )


async def batter_postgresql(
    name: str,
    done: str,
    fault: Callable[[PostgresServer], Fault],
    *,
    times: int,
    lasting: bool = False,
    harmless: bool = False,
) -> list[Outcome]:
    """`batter` a new shop on a new PostgreSQL. fault: makes the fault for that server."""
    with PostgresServer(fsync=True) as postgres:
        shop = Shop.fill(postgres.url("postgres"), [STOCK] * PRODUCTS)
        return [
            await batter(
                name,
                "postgresql",
                done,
                shop,
                fault(postgres),
                times=times,
                lasting=lasting,
                harmless=harmless,
            )
        ]


async def storm(
    crowd: Crowd,
    fault: Callable[[], Awaitable[None]],
    *,
    times: int,
    rest: float = 0,
    lasting: bool = False,
    harmless: bool = False,
) -> float:
    """Repeat `fault`. Return the longest time, in seconds, without an acknowledged order.

    rest: pause without orders after each fault, in seconds.
    lasting: count that time from the end of the fault, because orders may stop as long as it lasts.
    harmless: orders may go on as if there were no fault.
    Raises BenchmarkError if another fault causes no retry, because then it broke nothing.
    """
    longest = 0.0
    for _ in range(times):
        crowd.resume()
        await crowd.flow(CLIENTS)
        await asyncio.sleep(random.uniform(*FLOW_SECONDS))  # noqa: S311 - no secret
        began = time.monotonic()
        seen, retries = len(crowd.answers.times), crowd.answers.retries
        await fault()
        if lasting:
            began, seen = time.monotonic(), len(crowd.answers.times)
        await crowd.flow(CLIENTS)
        moments = [began, *crowd.answers.times[seen:]]
        longest = max([longest, *(later - earlier for earlier, later in pairwise(moments))])
        if crowd.answers.retries == retries and not harmless:
            raise BenchmarkError("The fault caused no retries, so it broke nothing.")
        crowd.hold()
        await asyncio.sleep(rest)
    return longest


def too_long(pause: float) -> list[str]:
    """The problem, if the pause was too long."""
    return [f"no orders for {pause:.1f} s"] if pause >= MAX_PAUSE_SECONDS else []

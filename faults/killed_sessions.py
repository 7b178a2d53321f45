"""Sessions of PostgreSQL are ended at random."""

import asyncio
import random
import time

import psycopg

from faults.outcome import Outcome
from faults.server import Server
from faults.shop import STOCK, Shop, postgresql
from faults.storm import PRODUCTS, Fault, batter

SECONDS = 2.0
PAUSE_SECONDS = (0.02, 0.2)
"""Bounds of the random time between two ends."""

END_ONE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
    ORDER BY random() LIMIT 1
"""


async def run(times: int) -> list[Outcome]:
    with postgresql() as url:
        shop = Shop.fill(url, [STOCK] * PRODUCTS)
        return [
            await batter(
                "killed_sessions",
                "postgresql",
                f"sessions are ended at random for {SECONDS:.0f} s",
                shop,
                killed_sessions(url),
                times=times,
            )
        ]


def killed_sessions(url: str) -> Fault:
    async def strike(_: Server) -> list[str]:
        end = time.monotonic() + SECONDS
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as session:
            while time.monotonic() < end:
                await session.execute(END_ONE)
                await asyncio.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311 - no secret
        return []

    return strike

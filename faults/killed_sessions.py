"""Sessions of PostgreSQL are ended at random."""

import asyncio
import random
import time

import psycopg

from faults.outcome import Outcome
from faults.server import Server
from faults.storm import Fault, batter_postgresql

SECONDS = 2.0
PAUSE_SECONDS = (0.02, 0.2)
"""Bounds of the random time between two ends."""

END_ONE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
    ORDER BY random() LIMIT 1
"""


async def run(times: int) -> list[Outcome]:
    return await batter_postgresql(
        "killed_sessions",
        f"sessions are ended at random for {SECONDS:.0f} s",
        lambda postgres: killed_sessions(postgres.url("postgres")),
        times=times,
        harmless=True,  # the server retries the batch, so clients may notice nothing
    )


def killed_sessions(url: str) -> Fault:
    async def strike(_: Server) -> list[str]:
        ended, end = 0, time.monotonic() + SECONDS
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as session:
            while time.monotonic() < end:
                ended += (await session.execute(END_ONE)).rowcount
                await asyncio.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311 - no secret
        return [] if ended else ["no session was ended"]

    return strike

"""PostgreSQL takes no writes for a while, as after a failover to a standby."""

import asyncio

import psycopg

from faults.outcome import Outcome
from faults.server import Server
from faults.storm import Fault, batter_postgresql

SECONDS = 5.0


async def run(times: int) -> list[Outcome]:
    return await batter_postgresql(
        "read_only",
        f"PostgreSQL is read-only for {SECONDS:.0f} s",
        lambda postgres: read_only(postgres.url("postgres")),
        times=times,
        lasting=True,
    )


def read_only(url: str) -> Fault:
    async def strike(_: Server) -> list[str]:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as session:
            try:
                await session.execute("ALTER SYSTEM SET default_transaction_read_only = on")
                await session.execute("SELECT pg_reload_conf()")
                await asyncio.sleep(SECONDS)
            finally:
                await session.execute("ALTER SYSTEM RESET default_transaction_read_only")
                await session.execute("SELECT pg_reload_conf()")
        return []

    return strike

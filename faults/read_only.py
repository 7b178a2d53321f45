"""PostgreSQL takes no writes for a while, as after a failover to a standby."""

import asyncio

import psycopg

from faults.outcome import Outcome
from faults.server import Server
from faults.shop import STOCK, Shop, postgresql
from faults.storm import PRODUCTS, Fault, batter

SECONDS = 5.0


async def run(times: int) -> list[Outcome]:
    with postgresql() as url:
        shop = Shop.fill(url, [STOCK] * PRODUCTS)
        return [
            await batter(
                "read_only",
                "postgresql",
                f"PostgreSQL is read-only for {SECONDS:.0f} s",
                shop,
                read_only(url),
                times=times,
                lasting=True,
            )
        ]


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

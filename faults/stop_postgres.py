"""PostgreSQL crashes and restarts."""

import asyncio

from faults.outcome import Outcome
from faults.server import Server
from faults.shop import STOCK, Shop
from faults.storm import PRODUCTS, Fault, batter
from tests.postgres import PostgresServer


async def run(times: int) -> list[Outcome]:
    with PostgresServer(fsync=True) as postgres:
        shop = Shop.fill(postgres.url("postgres"), [STOCK] * PRODUCTS)
        return [
            await batter(
                "stop_postgres",
                "postgresql",
                "immediate stop and restart of PostgreSQL",
                shop,
                stopped_postgres(postgres),
                times=times,
            )
        ]


def stopped_postgres(postgres: PostgresServer) -> Fault:
    async def strike(_: Server) -> list[str]:
        await asyncio.to_thread(postgres.stop, "immediate")
        await asyncio.to_thread(postgres.start)
        return []

    return strike

"""Every process of PostgreSQL stands still for longer than the server waits, then goes on."""

import asyncio

from faults.outcome import Outcome
from faults.server import Server
from faults.shop import STOCK, Shop
from faults.storm import PRODUCTS, Fault, batter
from tests.postgres import PostgresServer

SECONDS = 12.0


async def run(times: int) -> list[Outcome]:
    with PostgresServer(fsync=True) as postgres:
        shop = Shop.fill(postgres.url("postgres"), [STOCK] * PRODUCTS)
        return [
            await batter(
                "frozen_database",
                "postgresql",
                f"all processes of PostgreSQL stand still for {SECONDS:.0f} s",
                shop,
                frozen_database(postgres),
                times=times,
                lasting=True,
            )
        ]


def frozen_database(postgres: PostgresServer) -> Fault:
    async def strike(_: Server) -> list[str]:
        with postgres.frozen():
            await asyncio.sleep(SECONDS)
        return []

    return strike

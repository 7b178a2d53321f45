"""Every process of PostgreSQL stands still for longer than the server waits, then goes on."""

import asyncio

from faults.outcome import Outcome
from faults.server import Server
from faults.storm import Fault, batter_postgresql
from tests.postgres import PostgresServer

SECONDS = 12.0


async def run(times: int) -> list[Outcome]:
    return await batter_postgresql(
        "frozen_database",
        f"all processes of PostgreSQL stand still for {SECONDS:.0f} s",
        frozen_database,
        times=times,
        lasting=True,
    )


def frozen_database(postgres: PostgresServer) -> Fault:
    async def strike(_: Server) -> list[str]:
        with postgres.frozen():
            await asyncio.sleep(SECONDS)
        return []

    return strike

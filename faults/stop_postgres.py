"""PostgreSQL crashes and restarts."""

import asyncio

from faults.outcome import Outcome
from faults.server import Server
from faults.storm import Fault, batter_postgresql
from tests.postgres import PostgresServer


async def run(times: int) -> list[Outcome]:
    return await batter_postgresql(
        "stop_postgres",
        "immediate stop and restart of PostgreSQL",
        stopped_postgres,
        times=times,
    )


def stopped_postgres(postgres: PostgresServer) -> Fault:
    async def strike(_: Server) -> list[str]:
        await asyncio.to_thread(postgres.stop, "immediate")
        await asyncio.to_thread(postgres.start)
        return []

    return strike

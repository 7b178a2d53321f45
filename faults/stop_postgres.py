"""PostgreSQL crashes and restarts."""

import asyncio

from faults.checks import compare
from faults.crowd import Crowd
from faults.outcome import Outcome, outcome
from faults.server import Server
from faults.shop import STOCK, Shop
from faults.storm import CLIENTS, PRODUCTS, storm, too_long
from tests.postgres import PostgresServer


async def run(times: int) -> list[Outcome]:
    with PostgresServer(fsync=True) as postgres:
        shop = Shop.fill(postgres.url("postgres"), [STOCK] * PRODUCTS)

        async def crash() -> None:
            await asyncio.to_thread(postgres.stop, "immediate")
            await asyncio.to_thread(postgres.start)

        async with Server(shop) as server:
            crowd = Crowd(server.port, server.secret, CLIENTS, range(1, PRODUCTS + 1))
            async with crowd:
                pause = await storm(crowd, crash, times=times)
            verdict = await compare(shop, server, crowd.answers)
    return [
        outcome(
            "stop_postgres",
            "postgresql",
            "immediate stop and restart of PostgreSQL",
            crowd.answers,
            verdict,
            times=times,
            pause=pause,
            problems=too_long(pause),
        )
    ]

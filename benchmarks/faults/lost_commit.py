"""The connection to PostgreSQL ends after a COMMIT is done and before its answer is back."""

import asyncio
import re
import uuid

from benchmarks.faults.checks import compare
from benchmarks.faults.clients import Answers, Buyer, order_of
from benchmarks.faults.outcome import Outcome, outcome
from benchmarks.faults.proxy import CommitCutter
from benchmarks.faults.server import Server
from benchmarks.faults.shop import STOCK, Shop
from tests.postgres import PostgresServer

CLIENTS = 16


def through(proxy: CommitCutter, url: str) -> str:
    """The address of the database at `url` by way of the proxy."""
    return re.sub(r":\d+/", f":{proxy.port}/", url)


async def run(times: int) -> list[Outcome]:
    answers = Answers()
    with PostgresServer(fsync=True) as postgres:
        shop = Shop(postgres.url("postgres"), [STOCK] * CLIENTS)
        async with (
            CommitCutter(postgres.port) as proxy,
            Server(shop, url=through(proxy, shop.url)) as server,
        ):
            buyers = [Buyer(server.port, server.secret, answers) for _ in range(CLIENTS)]
            for _ in range(times):
                proxy.arm()
                orders = [
                    buyer.place(uuid.uuid4().hex, order_of(product_id))
                    for product_id, buyer in enumerate(buyers, start=1)
                ]
                await asyncio.gather(*orders)
            for buyer in buyers:
                buyer.close()
            verdict = await compare(shop, server, answers)
    problems = [] if proxy.cuts == times else [f"{proxy.cuts} of {times} COMMITs were cut"]
    return [
        outcome(
            "lost_commit",
            "postgresql",
            f"the answer to a COMMIT cut off, {CLIENTS} orders at a time",
            answers,
            verdict,
            times=times,
            problems=problems,
        )
    ]

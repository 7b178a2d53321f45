"""Cut the connection to PostgreSQL after a COMMIT, before its response reaches the server."""

import asyncio
import uuid
from urllib.parse import urlsplit

from benchmarks.servers import HOST
from faults.checks import compare
from faults.clients import Answers, Buyer, order_body
from faults.outcome import Outcome, outcome
from faults.proxy import CommitCutter
from faults.server import Server
from faults.shop import STOCK, Shop
from tests.postgres import PostgresServer

CLIENTS = 16


def url_through(proxy: CommitCutter, url: str) -> str:
    """The URL that reaches the database at `url` through the proxy."""
    parts = urlsplit(url)
    login, _, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{login}@{HOST}:{proxy.port}").geturl()


async def run(times: int) -> list[Outcome]:
    answers = Answers()
    with PostgresServer(fsync=True) as postgres:
        shop = Shop.fill(postgres.url("postgres"), [STOCK] * CLIENTS)
        async with (
            CommitCutter(HOST, postgres.port) as proxy,
            Server(shop, url=url_through(proxy, shop.url)) as server,
        ):
            buyers = [Buyer(server.port, server.secret, answers) for _ in range(CLIENTS)]
            for _ in range(times):
                proxy.arm()
                orders = [
                    buyer.place(uuid.uuid4().hex, order_body(product_id))
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
            f"the response to a COMMIT is lost, {CLIENTS} orders at a time",
            answers,
            verdict,
            times=times,
            problems=problems,
        )
    ]

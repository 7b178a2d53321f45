"""More clients than units, on either lane: every unit must be sold exactly once."""

import asyncio
import uuid

from faults.checks import compare
from faults.clients import DJANGO, EXPRESS, Answers, Buyer, order_body
from faults.outcome import Outcome, outcome
from faults.server import Server
from faults.shop import DATABASES, Shop

CLIENTS = 500
UNITS = 50
LANES = {"express": EXPRESS, "Django": DJANGO}


async def run(times: int) -> list[Outcome]:
    return [await _on(database, lane, times) for database in DATABASES for lane in LANES]


async def _on(database: str, lane: str, times: int) -> Outcome:
    answers = Answers()
    problems = []
    with DATABASES[database]() as url:
        shop = Shop.fill(url, [UNITS] * times)
        async with Server(shop, workers=2) as server:
            for product_id in range(1, times + 1):
                got, refused = await rush(server, answers, product_id, CLIENTS, LANES[lane])
                left = shop.stock(product_id)
                if (got, refused, left) != (UNITS, CLIENTS - UNITS, 0):
                    problems.append(
                        f"{got} clients got a unit, {refused} got out_of_stock, {left} units left"
                    )
            verdict = await compare(shop, server, answers)
    return outcome(
        "last_units",
        database,
        f"{CLIENTS} clients want the last {UNITS} units, {lane} lane, 2 workers",
        answers,
        verdict,
        times=times,
        problems=problems,
    )


async def rush(
    server: Server, answers: Answers, product_id: int, clients: int, content_type: str
) -> tuple[int, int]:
    """Let the clients order one unit each, all at once.

    Return how many got a unit, and how many got `out_of_stock`.
    """
    buyers = [
        Buyer(server.port, server.secret, answers, content_type=content_type)
        for _ in range(clients)
    ]
    responses = await asyncio.gather(
        *(buyer.place(uuid.uuid4().hex, order_body(product_id)) for buyer in buyers)
    )
    for buyer in buyers:
        buyer.close()
    got = sum(response.status == 201 for response in responses)
    refused = sum(b'"out_of_stock"' in response.body for response in responses)
    return got, refused

"""The same order with the same key on many connections at once must be placed once."""

import asyncio
import uuid

from faults.checks import compare
from faults.clients import Answers, Buyer, order_body
from faults.outcome import Outcome, outcome
from faults.server import Server
from faults.shop import DATABASES, STOCK, Shop

CLIENTS = 100


async def run(times: int) -> list[Outcome]:
    return [await _on(database, times) for database in DATABASES]


async def _on(database: str, times: int) -> Outcome:
    answers = Answers()
    problems = []
    with DATABASES[database]() as url:
        shop = Shop.fill(url, [STOCK])
        async with Server(shop, workers=2) as server:
            for _ in range(times):
                responses = await order_with_one_key(server, answers, CLIENTS)
                if len(responses) != 1 or {status for status, _ in responses} != {201}:
                    problems.append(f"{len(responses)} different responses to the same order")
            verdict = await compare(shop, server, answers)
    return outcome(
        "same_key",
        database,
        f"one key from {CLIENTS} connections, 2 workers",
        answers,
        verdict,
        times=times,
        problems=problems,
    )


async def order_with_one_key(
    server: Server, answers: Answers, clients: int
) -> set[tuple[int, bytes]]:
    """Place one order on many connections at once. Return the distinct (status, body) pairs."""
    key = uuid.uuid4().hex
    buyers = [Buyer(server.port, server.secret, answers) for _ in range(clients)]
    responses = await asyncio.gather(*(buyer.place(key, order_body(1)) for buyer in buyers))
    for buyer in buyers:
        buyer.close()
    return {(response.status, response.body) for response in responses}

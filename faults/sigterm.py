"""SIGTERM under load: every order that was placed must have been acknowledged."""

import asyncio

from faults.checks import compare
from faults.clients import Answers, Buyer, order_body
from faults.outcome import Outcome, outcome
from faults.server import Server
from faults.shop import DATABASES, STOCK, Shop
from faults.storm import CLIENTS, PRODUCTS
from faults.waiting import until

ORDERS = 500
"""How many orders are acknowledged before each stop."""


async def run(times: int) -> list[Outcome]:
    return [await _on(database, times) for database in DATABASES]


async def _on(database: str, times: int) -> Outcome:
    answers = Answers()
    problems = []
    with DATABASES[database]() as url:
        shop = Shop.fill(url, [STOCK] * PRODUCTS)
        async with Server(shop) as server:
            for number in range(times):
                status = await stop_under_load(
                    server, answers, 1 + number % PRODUCTS, orders=ORDERS
                )
                if status:
                    problems.append(f"stop {number + 1} ended with status {status}")
                await server.start()
            done = stored_without_answer(shop, answers)
            if done:
                problems.append(f"{len(done)} orders were placed without a response")
            verdict = await compare(shop, server, answers)
    return outcome(
        "sigterm",
        database,
        f"SIGTERM while {CLIENTS} clients order",
        answers,
        verdict,
        times=times,
        figures={
            "requests without a response": len(answers.unanswered & answers.open),
            "of these, placed": len(done),
        },
        problems=problems,
    )


async def stop_under_load(server: Server, answers: Answers, product_id: int, *, orders: int) -> int:
    """Let clients order until the server is gone, and stop it after this many more orders.

    Return its exit status.
    """
    goal = len(answers.placed) + orders
    buyers = [Buyer(server.port, server.secret, answers) for _ in range(CLIENTS)]
    ordering = [asyncio.create_task(_order_until_gone(buyer, product_id)) for buyer in buyers]
    await until(lambda: len(answers.placed) >= goal, f"{orders} orders")
    status = await server.terminate()
    await asyncio.gather(*ordering)
    return status


def stored_without_answer(shop: Shop, answers: Answers) -> set[str]:
    """The keys of stored orders whose client got no final response."""
    stored = {key for (key,) in shop.query("SELECT idempotency_key FROM orders_order")}
    return stored & answers.open


async def _order_until_gone(buyer: Buyer, product_id: int) -> None:
    """Order without retries until a request gets no response."""
    while await buyer.attempt_new(order_body(product_id)) is not None:
        pass
    buyer.close()

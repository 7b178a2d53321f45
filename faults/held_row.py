"""Another session locks the row of one product; orders for other products must not wait."""

import asyncio

import psycopg

from faults.checks import compare
from faults.clients import merge_answers
from faults.crowd import Crowd
from faults.outcome import Outcome, outcome
from faults.server import Server
from faults.shop import STOCK, Shop, postgresql

HELD, OTHERS = 1, range(2, 101)
WANTING, ORDERING = 8, 32
HOLD_SECONDS = 10
MOST_WAIT = 3.0
"""Within this time an order for another product must be acknowledged."""


async def run(times: int) -> list[Outcome]:
    with postgresql() as url:
        shop = Shop.fill(url, [STOCK] * (len(OTHERS) + 1))
        async with Server(shop) as server:
            wanting = Crowd(server.port, server.secret, WANTING, [HELD])
            ordering = Crowd(server.port, server.secret, ORDERING, OTHERS)
            async with wanting, ordering:
                for _ in range(times):
                    await ordering.flow(ORDERING)
                    await _hold_row(url)
                    await wanting.flow(WANTING)  # orders for the product succeed again
            both = merge_answers(wanting.answers, ordering.answers)
            verdict = await compare(shop, server, both)
    refused = ordering.answers.statuses[503]
    longest = max(ordering.answers.took)
    figures = {
        "longest wait of other clients, s": longest,
        "503 to other clients": refused,
        "503 to clients of that product": wanting.answers.statuses[503],
        "orders of other clients": len(ordering.answers.placed),
    }
    problems = [f"{refused} orders for other products got 503"] if refused else []
    if longest >= MOST_WAIT:
        problems.append(f"an order for another product waited {longest:.1f} s")
    return [
        outcome(
            "held_row",
            "postgresql",
            f"another session locks the row of one product for {HOLD_SECONDS} s",
            both,
            verdict,
            times=times,
            figures=figures,
            problems=problems,
        )
    ]


async def _hold_row(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url) as session:
        await session.execute("SELECT 1 FROM products_product WHERE id = %s FOR UPDATE", [HELD])
        await asyncio.sleep(HOLD_SECONDS)

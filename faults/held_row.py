"""Somebody else holds the row of one product for ten seconds; orders of others go on."""

import asyncio

import psycopg

from faults.checks import compare
from faults.clients import together
from faults.crowd import Crowd
from faults.outcome import Outcome, outcome
from faults.server import Server
from faults.shop import STOCK, Shop, postgresql

HELD, OTHERS = 1, range(2, 101)
WANTING, ORDERING = 8, 32
HOLD_SECONDS = 10
MOST_WAIT = 3.0
"""Seconds in which an order of any other product must be acknowledged."""


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
                    await wanting.flow(WANTING)  # all is well again
            both = together(wanting.answers, ordering.answers)
            verdict = await compare(shop, server, both)
    refused = ordering.answers.statuses[503]
    longest = max(ordering.answers.took)
    figures = {
        "longest wait of the others, s": longest,
        "503 to the others": refused,
        "503 to who needs the row": wanting.answers.statuses[503],
        "orders of the others": len(ordering.answers.placed),
    }
    problems = [f"{refused} orders of other products got 503"] if refused else []
    if longest >= MOST_WAIT:
        problems.append(f"an order of another product waited {longest:.1f} s")
    return [
        outcome(
            "held_row",
            "postgresql",
            f"the row of one product locked for {HOLD_SECONDS} s by another session",
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

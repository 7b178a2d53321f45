"""A thousand clients that send a byte at a time, and those that order beside them."""

import asyncio
from contextlib import asynccontextmanager, suppress
from collections.abc import AsyncIterator
from statistics import median

from benchmarks.faults import wire
from benchmarks.faults.checks import compare
from benchmarks.faults.clients import EXPRESS, ORDERS, order_of
from benchmarks.faults.held_row import together
from benchmarks.faults.outcome import Outcome, outcome
from benchmarks.faults.overload import load, percentile
from benchmarks.faults.server import Server
from benchmarks.faults.shop import STOCK, Shop, postgresql
from benchmarks.faults.storm import CLIENTS, PRODUCTS
from benchmarks.faults.wire import Connection

SLOW = 1_000
BYTE_SECONDS = 1.0
ROUNDS = 2
MOST_RATIO = 2.0


async def run(times: int) -> list[Outcome]:
    parts = []
    alone, beside = [], []
    with postgresql() as url:
        shop = Shop(url, [STOCK] * PRODUCTS)
        async with Server(shop) as server:
            for _ in range(ROUNDS):
                answers, _ = await load(server, CLIENTS, honour=True)
                parts.append(answers)
                alone.append(percentile(answers.waits[201], 0.99))
                async with slow_clients(server, SLOW) as connected:
                    answers, _ = await load(server, CLIENTS, honour=True)
                    parts.append(answers)
                    beside.append(percentile(answers.waits[201], 0.99))
                    least = connected()
            whole = together(*parts)
            verdict = await compare(shop, server, whole)
    ratio = median(beside) / median(alone)
    return [
        outcome(
            "slow_clients",
            "postgresql",
            f"{SLOW:,} clients that send a byte a second, half of them in the headers, and "
            f"{CLIENTS} that order",
            whole,
            verdict,
            figures={
                "p99 alone, ms": 1_000 * median(alone),
                "p99 beside them, ms": 1_000 * median(beside),
                "ratio": ratio,
                "slow clients connected at the end": least,
            },
            problems=[f"p99 is {ratio:.1f} times higher"] if ratio >= MOST_RATIO else [],
        )
    ]

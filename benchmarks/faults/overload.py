"""Three times more clients than the server can use: it goes on as before, and refuses the rest."""

import asyncio
import time

from benchmarks.faults.checks import compare
from benchmarks.faults.clients import Answers, Crowd, together
from benchmarks.faults.outcome import Outcome, outcome
from benchmarks.faults.server import Server
from benchmarks.faults.shop import DATABASES, STOCK, Shop
from benchmarks.faults.storm import PRODUCTS

STEPS = (16, 32, 64, 128, 256)
NEARLY = 0.95
"""The fewest clients that reach this part of the highest rate are those that it can use."""
LEAST = 0.9
"""The part of that rate that must remain."""
SECONDS = 4.0
WARM_UP_SECONDS = 1.0


async def run(times: int) -> list[Outcome]:
    return [await _on(database, times) for database in DATABASES]


async def _on(database: str, times: int) -> Outcome:
    parts = []
    problems = []
    figures: dict[str, float] = {}
    with DATABASES[database]() as url:
        shop = Shop.fill(url, [STOCK] * PRODUCTS)
        async with Server(shop) as server:
            rates = {}
            for size in STEPS:
                answers, rates[size] = await load(server, size, honour=True)
                parts.append(answers)
            highest = max(rates.values())
            enough = min(size for size in STEPS if rates[size] >= NEARLY * highest)
            figures |= {"clients": enough, "orders/s": highest}
            for honour in (True, False):
                answers, rate = await load(server, 3 * enough, honour=honour)
                parts.append(answers)
                name = "3 x, waiting" if honour else "3 x, insisting"
                figures |= _figures(name, answers, rate)
                if rate < LEAST * highest:
                    problems.append(f"{name}: {rate:.0f} orders/s, not {highest:.0f}")
            whole = together(*parts)
            verdict = await compare(shop, server, whole)
    return outcome(
        "overload",
        database,
        "three times the clients that reach the highest rate",
        whole,
        verdict,
        figures=figures,
        problems=problems,
    )


async def load(server: Server, size: int, *, honour: bool) -> tuple[Answers, float]:
    """Let clients order for SECONDS after a warm-up; their answers, and orders per second."""
    crowd = Crowd(server.port, server.secret, size, range(1, PRODUCTS + 1), honour=honour)
    async with crowd:
        await asyncio.sleep(WARM_UP_SECONDS)
        began, before = time.monotonic(), len(crowd.answers.times)
        await asyncio.sleep(SECONDS)
        rate = (len(crowd.answers.times) - before) / (time.monotonic() - began)
    return crowd.answers, rate


def _figures(name: str, answers: Answers, rate: float) -> dict[str, float]:
    return {
        f"{name}: orders/s": rate,
        f"{name}: p99 of 201, ms": 1_000 * percentile(answers.waits.get(201, []), 0.99),
        f"{name}: 503": answers.statuses[503],
        f"{name}: no answer in time": answers.timeouts,
        f"{name}: p99 of 503, ms": 1_000 * percentile(answers.waits.get(503, []), 0.99),
    }


def percentile(values: list[float], part: float) -> float:
    """By nearest rank; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0

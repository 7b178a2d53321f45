"""Three times more clients than the server can use: it goes on as before, and refuses the rest."""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from itertools import chain
from statistics import median

from faults.checks import compare
from faults.clients import Answers, together
from faults.crowd import Crowd
from faults.outcome import Outcome, outcome
from faults.server import Server
from faults.shop import DATABASES, STOCK, Shop
from faults.storm import PRODUCTS

STEPS = (16, 32, 64, 128, 256)
NEARLY = 0.95
"""The fewest clients that reach this part of the highest rate are those that it can use."""
LEAST = 0.9
"""The part of the rate with them that must remain with three times as many."""
ROUNDS = 5
"""Each way in turn, so often: on a machine that others use too, only neighbours compare."""
SECONDS = 3.0
WARM_UP_SECONDS = 0.5


async def run(times: int) -> list[Outcome]:
    """In ROUNDS, whatever `times` says."""
    return [await _on(database) for database in DATABASES]


async def _on(database: str) -> Outcome:
    with DATABASES[database]() as url:
        shop = Shop.fill(url, [STOCK] * PRODUCTS)
        async with Server(shop) as server:
            ramp = {size: await load(server, size, honour=True) for size in STEPS}
            enough = fewest({size: rate for size, (_, rate) in ramp.items()})
            ways = {
                "as many as it can use": (enough, True),
                "3 × as many, waiting": (3 * enough, True),
                "3 × as many, insisting": (3 * enough, False),
            }
            loads: dict[str, list[tuple[Answers, float]]] = {name: [] for name in ways}
            for _ in range(ROUNDS):
                for name, (size, honour) in ways.items():
                    loads[name].append(await load(server, size, honour=honour))
            parts = [answers for answers, _ in [*ramp.values(), *chain(*loads.values())]]
            whole = together(*parts)
            verdict = await compare(shop, server, whole)
    figures: dict[str, float] = {"clients that it can use": enough}
    problems = []
    usual = median(rate for _, rate in loads["as many as it can use"])
    for name, results in loads.items():
        figures |= _figures(name, results)
        part = figures[f"{name}: orders/s"] / usual
        if part < LEAST:
            problems.append(f"{name}: {part:.0%} of the orders per second")
        if figures[f"{name}: no answer in time"]:
            problems.append(f"{name}: not all were answered in time")
    return outcome(
        "overload",
        database,
        "three times the clients that reach the highest rate",
        whole,
        verdict,
        times=ROUNDS,
        figures=figures,
        problems=problems,
    )


def fewest(rates: Mapping[int, float]) -> int:
    """The fewest clients that reach NEARLY the highest rate; rates by number of clients."""
    highest = max(rates.values())
    return min(size for size, rate in rates.items() if rate >= NEARLY * highest)


async def load(server: Server, size: int, *, honour: bool) -> tuple[Answers, float]:
    """Let clients order for SECONDS after a warm-up; their answers, and orders per second."""
    crowd = Crowd(server.port, server.secret, size, range(1, PRODUCTS + 1), honour=honour)
    async with crowd:
        await asyncio.sleep(WARM_UP_SECONDS)
        began, before = time.monotonic(), len(crowd.answers.times)
        await asyncio.sleep(SECONDS)
        rate = (len(crowd.answers.times) - before) / (time.monotonic() - began)
    return crowd.answers, rate


def _figures(name: str, results: Sequence[tuple[Answers, float]]) -> dict[str, float]:
    answers = together(*(each for each, _ in results))
    figures: dict[str, float] = {
        f"{name}: orders/s": median(rate for _, rate in results),
        f"{name}: p99 of 201, ms": 1_000 * percentile(answers.waits[201], 0.99),
        f"{name}: no answer in time": answers.timeouts,
        f"{name}: 503": answers.statuses[503],
    }
    if answers.statuses[503]:
        figures[f"{name}: p99 of 503, ms"] = 1_000 * percentile(answers.waits[503], 0.99)
    return figures


def percentile(values: list[float], part: float) -> float:
    """By nearest rank. Raises IndexError where there are no values."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]

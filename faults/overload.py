"""Three times the clients that reach the highest rate: the rate must not drop."""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from itertools import chain
from statistics import median

from faults.checks import compare
from faults.clients import Answers, merge_answers
from faults.crowd import Crowd
from faults.outcome import Outcome, outcome
from faults.server import Server
from faults.shop import DATABASES, STOCK, Shop
from faults.storm import PRODUCTS

BASE = "1 ×"
STEPS = (16, 32, 64, 128, 256)
ENOUGH_RATE = 0.95
"""The base load is the smallest number of clients that reaches this share of the highest rate."""
MIN_RATE = 0.9
"""The share of the base load's rate that three times the clients must still reach."""
ROUNDS = 5
"""How often each load runs, in turn, because a shared machine drifts over time."""
SECONDS = 3.0
WARM_UP_SECONDS = 0.5


async def run(times: int) -> list[Outcome]:
    """Run ROUNDS rounds and ignore `times`."""
    return [await _on(database) for database in DATABASES]


async def _on(database: str) -> Outcome:
    with DATABASES[database]() as url:
        shop = Shop.fill(url, [STOCK] * PRODUCTS)
        async with Server(shop) as server:
            ramp = {size: await load(server, size, honor_retry_after=True) for size in STEPS}
            enough = fewest_clients({size: rate for size, (_, rate) in ramp.items()})
            ways = {
                BASE: (enough, True),
                "3 ×, waiting": (3 * enough, True),
                "3 ×, retrying at once": (3 * enough, False),
            }
            loads: dict[str, list[tuple[Answers, float]]] = {name: [] for name in ways}
            for _ in range(ROUNDS):
                for name, (size, honor_retry_after) in ways.items():
                    loads[name].append(
                        await load(server, size, honor_retry_after=honor_retry_after)
                    )
            parts = [answers for answers, _ in [*ramp.values(), *chain(*loads.values())]]
            whole = merge_answers(*parts)
            verdict = await compare(shop, server, whole)
    figures: dict[str, float] = {"clients at 1 ×": enough}
    problems = []
    usual = median(rate for _, rate in loads[BASE])
    for name, results in loads.items():
        figures |= _figures(name, results)
        share = figures[f"{name}: orders/s"] / usual
        if share < MIN_RATE:
            problems.append(f"{name}: {share:.0%} of the orders per second at 1 ×")
        if figures[f"{name}: timeouts"]:
            problems.append(f"{name}: some requests timed out")
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


def fewest_clients(rates: Mapping[int, float]) -> int:
    """The fewest clients that reach ENOUGH_RATE of the highest of `rates`, by number of clients."""
    highest = max(rates.values())
    return min(size for size, rate in rates.items() if rate >= ENOUGH_RATE * highest)


async def load(server: Server, size: int, *, honor_retry_after: bool) -> tuple[Answers, float]:
    """Let clients order for SECONDS after a warm-up. Return their answers and their rate."""
    crowd = Crowd(
        server.port,
        server.secret,
        size,
        range(1, PRODUCTS + 1),
        honor_retry_after=honor_retry_after,
    )
    async with crowd:
        await asyncio.sleep(WARM_UP_SECONDS)
        began, before = time.monotonic(), len(crowd.answers.times)
        await asyncio.sleep(SECONDS)
        rate = (len(crowd.answers.times) - before) / (time.monotonic() - began)
    return crowd.answers, rate


def _figures(name: str, results: Sequence[tuple[Answers, float]]) -> dict[str, float]:
    answers = merge_answers(*(each for each, _ in results))
    figures: dict[str, float] = {
        f"{name}: orders/s": median(rate for _, rate in results),
        f"{name}: p99 of 201, ms": 1_000 * percentile(answers.waits[201], 0.99),
        f"{name}: timeouts": answers.timeouts,
        f"{name}: 503": answers.statuses[503],
    }
    if answers.statuses[503]:
        figures[f"{name}: p99 of 503, ms"] = 1_000 * percentile(answers.waits[503], 0.99)
    return figures


def percentile(values: list[float], share: float) -> float:
    """The nearest-rank percentile. Raises IndexError if there are no values."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]

"""The harness of `python -m faults.abuse`: each kind of attack arrives, and is held to its share."""

import asyncio
import resource
import time

import pytest

from faults.abuse import attacks
from faults.abuse.attackers import hold_to
from faults.abuse.attacks import ATTACKS, Attack
from faults.abuse.running import Plan, run
from faults.abuse.watching import Growth, growth
from faults.shop import DATABASES

SHARE = 0.25


def test_attackers_hold_themselves_to_their_share() -> None:
    async def work() -> None:
        task = asyncio.create_task(hold_to(SHARE))
        end = time.monotonic() + 1
        while time.monotonic() < end:
            await asyncio.sleep(0)
        task.cancel()

    before = time.process_time()
    asyncio.run(work())
    assert time.process_time() - before < 2 * SHARE


def test_growth_compares_the_end_with_ten_minutes_before() -> None:
    rising = [(float(second), 100 + second) for second in range(1_201)]
    assert growth(rising) == Growth(before=800, after=1_200, highest=1_300)
    assert growth([(0.0, 7)]) == Growth(before=7, after=7, highest=7)

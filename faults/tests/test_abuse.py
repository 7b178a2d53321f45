"""The harness of `python -m faults.abuse`: every attack arrives, and is held to its share."""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest

from faults.abuse.__main__ import render, wrong
from faults.abuse.attackers import hold_to
from faults.abuse.attacks import ATTACKS, Target
from faults.abuse.running import Attackers, Plan, Result
from faults.abuse.watching import Growth, growth
from faults.checks import Verdict
from faults.clients import Answers
from faults.server import Server
from faults.shop import Shop
from tests.conftest import MakeDatabase

SHARE = 0.25
ARRIVED = {
    "slow_body": {0, 401, 408},
    "slow_reader": {200},
    "wrong_key": {401},
    "wrong_password": {200},
    "huge_body": {0, 401, 413},
    "aborted_upload": {0},
    "aborted_download": {200},
    "idle_connection": {0},
}
"""The answers to one attack of each kind; 0 if the server or the attacker closes before."""


def test_one_attack_of_each_kind_is_answered_as_it_should_be(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faults.abuse.attacks.STEP_SECONDS", 0.01)
    monkeypatch.setattr("faults.abuse.attacks.WAVE_SECONDS", 0.5)
    shop = Shop.fill(make_database("abuse", ""), [1])

    async def attack() -> dict[str, int]:
        answers = {}
        async with Server(shop) as server:
            for each in ATTACKS:
                try:
                    status = await each(Target(server.port, shop.secret))
                except (OSError, EOFError):
                    status = 0
                answers[each.__name__] = status
        return answers

    answers = asyncio.run(attack())
    assert answers.keys() == ARRIVED.keys()
    assert {kind: answer for kind, answer in answers.items() if answer not in ARRIVED[kind]} == {}


def test_attackers_hold_themselves_to_their_share() -> None:
    async def work() -> None:
        task = asyncio.create_task(hold_to(SHARE))
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                while True:  # noqa: ASYNC110 - busy on purpose
                    await asyncio.sleep(0)
        task.cancel()

    before = time.process_time()
    asyncio.run(work())
    assert time.process_time() - before < 2 * SHARE


def test_growth_compares_the_end_with_ten_minutes_before() -> None:
    rising = [(float(second), 100 + second) for second in range(1_201)]
    assert growth(rising) == Growth(before=799.5, after=1_200.5, highest=1_300)
    assert growth([(0.0, 7)]) == Growth(before=7, after=7, highest=7)


PLAN = Plan("sqlite", ["wrong_key"], 1, 1, 1, clients=1, workers=2, cores=0.5, orders=1)
CLEAN = Verdict(lost=0, doubled=0, differing=0, unexplained=0, sampled=0, books="")


def answers(took: float) -> Answers:
    return Answers(took=[took], waits={201: [took]})


GOOD = Result(
    alone=answers(0.1),
    beside=answers(0.2),
    verdict=CLEAN,
    attackers=Attackers(0.5, {"wrong_key": Counter({401: 9, 503: 1, 0: 1})}),
    before=100,
    after=110,
    growth=Growth(before=100, after=105, highest=300),
    workers=2,
    status=0,
    files=[],
    tracebacks="",
)
BAD = {
    "1 lost": {"verdict": replace(CLEAN, lost=1)},
    "1 orders failed": {"beside": Answers(took=[0.2], sent={"open": b""})},
    "p99 is 3.0 times higher": {"beside": answers(0.3)},
    "1 orders were answered 5xx": {"beside": Answers(took=[0.2], waits={500: [0.2]})},
    "attackers were answered 5xx": {"attackers": Attackers(0.5, {"wrong_key": Counter({500: 1})})},
    "memory grew to 1.06 times": {"growth": Growth(before=100, after=106, highest=106)},
    "memory stays in use": {"after": 111},
    "left over: tmp/body": {"files": ["tmp/body"]},
    "1 workers were replaced": {"workers": 3},
    "the server ended with status 1": {"status": 1},
}


def test_a_good_result_has_no_problem() -> None:
    assert wrong(PLAN, GOOD) == []
    assert "| `wrong_key` | 11 | none 1, 401 9, 503 1 | 0 |" in render(PLAN, GOOD)


@pytest.mark.parametrize("line", BAD)
def test_each_problem_is_named(line: str) -> None:
    assert wrong(PLAN, replace(GOOD, **BAD[line])) == [line]  # type: ignore[arg-type]

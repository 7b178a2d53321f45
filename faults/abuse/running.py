"""One run: clients order alone, then beside attackers, then the server has time to recover."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.servers import ROOT
from faults.abuse.watching import Growth, growth, memory, watching
from faults.checks import Verdict, compare
from faults.clients import Answers, merge_answers
from faults.crowd import Crowd
from faults.overload import percentile
from faults.server import Server
from faults.shop import DATABASES, STOCK, Shop
from faults.storm import PRODUCTS

OPEN_FILES = 1_024
"""Of each process of the server, so that attackers reach the limit of its connections."""
STOP_SECONDS = 60


@dataclass(frozen=True)
class Plan:
    """What to do.

    kinds: of attacks. seconds: of abuse. alone: seconds of orders without it. rest: seconds after
    it. cores: for all attackers together. orders: how many there are at first, so that an export is
    longer than what the operating system keeps for a slow reader.
    """

    database: str
    kinds: Sequence[str]
    seconds: float
    alone: float
    rest: float
    clients: int
    workers: int
    cores: float
    orders: int


@dataclass(frozen=True)
class Attackers:
    """cores: how many they used. answers: by kind and status; 0 means that there was none."""

    cores: float
    answers: dict[str, Counter[int]]


@dataclass(frozen=True)
class Result:
    """What came of a run.

    alone, beside: the clients' answers without and with abuse. before, after: memory in bytes.
    workers: how many the server started. status: with which it ended. files: what is left over of
    temporary files when it rests, and when it has ended. tracebacks: in its log.
    """

    alone: Answers
    beside: Answers
    verdict: Verdict
    attackers: Attackers
    before: int
    after: int
    growth: Growth
    workers: int
    status: int
    files: list[str]
    tracebacks: str

    @property
    def p99(self) -> tuple[float, float]:
        """The 99th percentile of an order's time, without and with abuse, in seconds."""
        return percentile(self.alone.took, 0.99), percentile(self.beside.took, 0.99)


async def run(plan: Plan) -> Result:
    """Run a plan. Raises BenchmarkError if there is no result."""
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-scratch-") as directory,
        DATABASES[plan.database]() as url,
    ):
        scratch = Path(directory)
        shop = Shop.fill(url, [STOCK] * PRODUCTS)
        async with Server(
            shop, workers=plan.workers, scratch=scratch, open_files=OPEN_FILES
        ) as server:
            first = Crowd(server.port, server.secret, plan.clients, range(1, PRODUCTS + 1))
            async with first:
                while len(first.answers.placed) < plan.orders:
                    await first.flow(plan.clients)
            alone = await _order(plan, server, plan.alone)
            known, before = _files(scratch), memory(server.process.pid)
            async with watching(server.process.pid) as points, _attacking(plan, server) as attack:
                beside = await _order(plan, server, plan.seconds)
            await asyncio.sleep(plan.rest)
            after, left = memory(server.process.pid), _files(scratch) - known
            verdict = await compare(shop, server, merge_answers(first.answers, alone, beside))
            status = await server.terminate()
            left |= _files(scratch)
            workers, tracebacks = len(server.worker_pids()), server.tracebacks()
    attackers, shape = attack[0], growth(points)
    return Result(
        alone,
        beside,
        verdict,
        attackers,
        before,
        after,
        shape,
        workers,
        status,
        sorted(left),
        tracebacks,
    )


async def _order(plan: Plan, server: Server, seconds: float) -> Answers:
    """Let the clients order for a time."""
    crowd = Crowd(server.port, server.secret, plan.clients, range(1, PRODUCTS + 1))
    async with crowd:
        await asyncio.sleep(seconds)
    return crowd.answers


def _files(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


@asynccontextmanager
async def _attacking(plan: Plan, server: Server) -> AsyncIterator[list[Attackers]]:
    """Let attackers attack during the block. After it, the list has what came of it."""
    found: list[Attackers] = []
    arguments = [str(server.port), server.secret, str(plan.cores), *plan.kinds]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "faults.abuse.attackers", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    began = asyncio.get_running_loop().time()
    try:
        yield found
        seconds = asyncio.get_running_loop().time() - began
        times = psutil.Process(process.pid).cpu_times()
        os.kill(process.pid, signal.SIGTERM)
        output, _ = await asyncio.wait_for(process.communicate(), STOP_SECONDS)
        counts = json.loads(output)
        answers = {
            kind: Counter({int(status): count for status, count in each.items()})
            for kind, each in counts.items()
        }
        found.append(Attackers((times.user + times.system) / seconds, answers))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

"""One run: a database, a server, clients that do everything, and faults in turn."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from faults.disk import disk
from faults.frozen_database import frozen_database
from faults.full_disk import SCRATCH_MIB, full_data, full_scratch, on_disk
from faults.kill_worker import killed_worker
from faults.killed_sessions import killed_sessions
from faults.mixed.checker import check
from faults.mixed.clients import Client, Shop
from faults.mixed.history import History
from faults.mixed.operations import OPERATIONS
from faults.mixed.seeding import seed
from faults.mixed.stored import read_stored
from faults.read_only import read_only
from faults.server import Server
from faults.shop import DATABASES
from faults.shop import Shop as StoredShop
from faults.stop_postgres import stopped_postgres
from faults.storm import Fault
from tests.postgres import PostgresServer

EVERYWHERE = ("full_scratch", "full_data", "killed_worker")
FAULTS = {
    "postgresql": (
        "killed_sessions",
        "stopped_postgres",
        "frozen_database",
        "read_only",
        *EVERYWHERE,
    ),
    "sqlite": EVERYWHERE,
}
"""The names of the faults, by database."""


@dataclass(frozen=True)
class Plan:
    """What to do. The clients stop after so many requests, or so many seconds.

    faults: names, in turn. pause: seconds from one to the next.
    """

    database: str
    faults: Sequence[str]
    requests: int
    seconds: float
    clients: int
    workers: int
    pause: float


@dataclass
class Result:
    """What came of a run.

    struck: the faults, one after the other. anomalies: lines by rule. books: what `reconcile`
    prints if it finds differences. problems: what else was wrong. tracebacks: in the log.
    """

    history: History
    seconds: float
    struck: list[str] = field(default_factory=list)
    anomalies: dict[str, list[str]] = field(default_factory=dict)
    books: str = ""
    problems: list[str] = field(default_factory=list)
    tracebacks: str = ""


@dataclass(frozen=True)
class Site:
    """An empty database and what can break it. scratch: for the server's temporary files."""

    url: str
    postgres: PostgresServer | None
    faults: dict[str, Fault]
    scratch: Path | None


async def run(plan: Plan) -> Result:
    """Run a plan. Raises BenchmarkError if there is no result, Skipped if faults need root."""
    with _site(plan) as site:
        stored = StoredShop.fill(site.url, [])
        async with Server(stored, workers=plan.workers, scratch=site.scratch) as server:
            shop = Shop(server.port, server.secret, History(), budget=plan.requests)
            await seed(shop)
            began = time.monotonic()
            result = Result(shop.history, 0)
            async with _striking(plan, site, server, shop, result):
                clients = [Client(shop).run(OPERATIONS) for _ in range(plan.clients)]
                await asyncio.gather(*clients, _wait(shop, plan.seconds))
            result.seconds = time.monotonic() - began
            await server.wait_until_ready()
            if server.process.poll() is not None:
                result.problems.append("the server ended")
            result.tracebacks = server.tracebacks()
        result.anomalies = check(shop.history, read_stored(stored))
        audit = stored.manage("reconcile", check=False)
        result.books = (audit.stdout + audit.stderr).strip() if audit.returncode else ""
    return result


async def _wait(shop: Shop, seconds: float) -> None:
    """Stop the clients after this time, if they have not stopped before."""
    with suppress(TimeoutError):
        await asyncio.wait_for(shop.over.wait(), seconds)
    shop.over.set()


@asynccontextmanager
async def _striking(
    plan: Plan, site: Site, server: Server, shop: Shop, result: Result
) -> AsyncIterator[None]:
    """Let the faults of the plan strike in turn during the block. The last one ends first."""

    async def strike() -> None:
        for name in cycle(plan.faults):
            with suppress(TimeoutError):
                await asyncio.wait_for(shop.over.wait(), plan.pause)
                return
            result.problems += await site.faults[name](server)
            result.struck.append(name)

    task = asyncio.create_task(strike())
    try:
        yield
    finally:
        shop.over.set()
        await task


@contextmanager
def _site(plan: Plan) -> Iterator[Site]:
    """Make what the faults of the plan need."""
    faults: dict[str, Fault] = {"killed_worker": killed_worker}
    with ExitStack() as stack:
        postgres, scratch = None, None
        if "full_data" in plan.faults:
            stored = stack.enter_context(on_disk(plan.database))
            url, postgres = stored.url, stored.postgres
            faults["full_data"] = full_data(stored)
        elif plan.database == "postgresql":
            postgres = stack.enter_context(PostgresServer(fsync=True))
            url = postgres.url("postgres")
        else:
            url = stack.enter_context(DATABASES[plan.database]())
        if "full_scratch" in plan.faults:
            place = stack.enter_context(disk(SCRATCH_MIB))
            scratch = place.path
            faults["full_scratch"] = full_scratch(place)
        if postgres:
            faults["stopped_postgres"] = stopped_postgres(postgres)
            faults["frozen_database"] = frozen_database(postgres)
            faults["killed_sessions"] = killed_sessions(url)
            faults["read_only"] = read_only(url)
        yield Site(url, postgres, faults, scratch)

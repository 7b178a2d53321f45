"""One run: a database, a server, clients that do everything, and faults in turn."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

from faults.disk import disk
from faults.frozen_database import frozen_database
from faults.full_disk import SCRATCH_MIB, full_data, full_scratch, on_disk
from faults.kill_housekeeper import killed_housekeeper, killed_in_its_sweep
from faults.kill_worker import killed_worker
from faults.killed_sessions import killed_sessions
from faults.mixed.checker import check
from faults.mixed.clients import Client, Shop
from faults.mixed.expiring import expiring, none_expired
from faults.mixed.history import History
from faults.mixed.operations import OPERATIONS
from faults.mixed.seeding import seed
from faults.mixed.stored import read_stored
from faults.read_only import read_only
from faults.restarted_server import killed_server, stopped_server
from faults.server import Server
from faults.shop import DATABASES
from faults.shop import Shop as StoredShop
from faults.stop_postgres import stopped_postgres
from faults.storm import Fault
from tests.postgres import PostgresServer

EVERYWHERE = (
    *("full_scratch", "full_data", "killed_worker", "killed_housekeeper"),
    *("killed_server", "stopped_server"),
)
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

    faults: names, in turn. pause: seconds from one to the next. times: how often each strikes,
    after which the clients stop; None: until they stop.
    """

    database: str
    faults: Sequence[str]
    requests: int
    seconds: float
    clients: int
    workers: int
    pause: float
    times: int | None = None


@dataclass
class Result:
    """What came of a run.

    struck: the faults, one after the other. events: of orders, by type. anomalies: lines by rule.
    books: what `reconcile` prints if it finds differences. problems: what else was wrong.
    tracebacks: in the log.
    """

    history: History
    seconds: float
    struck: list[str] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
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
            async with _striking(plan, site, server, shop, result), expiring(shop, stored):
                clients = [Client(shop).run(OPERATIONS) for _ in range(plan.clients)]
                await asyncio.gather(*clients, _wait(shop, plan.seconds))
            result.seconds = time.monotonic() - began
            await server.wait_until_ready()
            await none_expired(stored)
            if await server.terminate():
                result.problems.append("the server ended with an error")
            result.tracebacks = server.tracebacks()
        end = read_stored(stored)
        result.anomalies = check(shop.history, end)
        result.events.update(each.type for order in end.orders.values() for each in order.events)
        audit = stored.manage("reconcile", check=False)
        result.books = (audit.stdout + audit.stderr).strip() if audit.returncode else ""
    return result


async def _wait(shop: Shop, seconds: float) -> None:
    """Stop the clients after this time, if they have not stopped before."""
    await _is_over(shop, seconds)
    shop.over.set()


async def _is_over(shop: Shop, seconds: float) -> bool:
    """Wait so long, or until the clients have stopped, and return whether they have."""
    with suppress(TimeoutError):
        await asyncio.wait_for(shop.over.wait(), seconds)
    return shop.over.is_set()


@asynccontextmanager
async def _striking(
    plan: Plan, site: Site, server: Server, shop: Shop, result: Result
) -> AsyncIterator[None]:
    """Let the faults of the plan strike in turn during the block. The last one ends first.

    If each is to strike so many times, the clients stop after the last.
    """

    async def strike() -> None:
        most = None if plan.times is None else plan.times * len(plan.faults)
        for name in islice(cycle(plan.faults), most):
            if await _is_over(shop, plan.pause):
                break
            result.problems += await site.faults[name](server)
            result.struck.append(name)
        if most is not None:
            if len(result.struck) < most:
                result.problems.append("the clients stopped before every fault had struck")
            await _is_over(shop, plan.pause)
            shop.over.set()

    task = asyncio.create_task(strike())
    try:
        yield
    finally:
        shop.over.set()
        await task


@contextmanager
def _site(plan: Plan) -> Iterator[Site]:
    """Make what the faults of the plan need."""
    faults: dict[str, Fault] = {
        "killed_worker": killed_worker,
        "killed_housekeeper": killed_housekeeper,
        "killed_server": killed_server,
        "stopped_server": stopped_server,
    }
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
            faults["killed_housekeeper"] = killed_in_its_sweep(url)
            faults["killed_sessions"] = killed_sessions(url)
            faults["read_only"] = read_only(url)
        yield Site(url, postgres, faults, scratch)

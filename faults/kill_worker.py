"""SIGKILL the only worker; the server must start another."""

import os
import signal

from faults.checks import compare
from faults.crowd import Crowd
from faults.outcome import Outcome, outcome
from faults.server import Server
from faults.shop import DATABASES, STOCK, Shop
from faults.storm import CLIENTS, PRODUCTS, storm, too_long
from faults.waiting import until

# If a worker dies within 5.5 s of its start, `serve` ends.
REST_SECONDS = 6.0


async def run(times: int) -> list[Outcome]:
    return [await _on(database, times) for database in DATABASES]


async def _on(database: str, times: int) -> Outcome:
    with DATABASES[database]() as url:
        shop = Shop.fill(url, [STOCK] * PRODUCTS)
        async with Server(shop) as server:
            crowd = Crowd(server.port, server.secret, CLIENTS, range(1, PRODUCTS + 1))
            async with crowd:
                pause = await storm(crowd, lambda: kill(server), times=times, rest=REST_SECONDS)
            verdict = await compare(shop, server, crowd.answers)
            died = [] if server.process.poll() is None else ["the server ended"]
    return outcome(
        "kill_worker",
        database,
        "SIGKILL to the only worker",
        crowd.answers,
        verdict,
        times=times,
        pause=pause,
        problems=died + too_long(pause),
    )


async def killed_worker(server: Server) -> list[str]:
    """`kill`, as a fault that may be one of several."""
    await kill(server)
    return []


async def kill(server: Server) -> None:
    """Kill the oldest worker and wait until the server has started another.

    Clients keep their connections, so that the newest of several workers has the fewest.
    """
    before = server.worker_pids()
    worker = next(pid for pid in before if pid not in server.killed)
    server.killed.add(worker)
    os.kill(worker, signal.SIGKILL)
    await until(lambda: len(server.worker_pids()) > len(before), "another worker")

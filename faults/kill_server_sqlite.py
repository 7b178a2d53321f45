"""SIGKILL every process of a server on SQLite, then start it again as a supervisor would."""

from faults.checks import compare
from faults.crowd import Crowd
from faults.outcome import Outcome, outcome
from faults.server import Server
from faults.shop import STOCK, Shop, sqlite
from faults.storm import CLIENTS, PRODUCTS, storm, too_long


async def run(times: int) -> list[Outcome]:
    with sqlite() as url:
        shop = Shop.fill(url, [STOCK] * PRODUCTS)
        async with Server(shop) as server:

            async def kill() -> None:
                await server.kill()
                await server.start()

            crowd = Crowd(server.port, server.secret, CLIENTS, range(1, PRODUCTS + 1))
            async with crowd:
                pause = await storm(crowd, kill, times=times)
            verdict = await compare(shop, server, crowd.answers)
    return [
        outcome(
            "kill_server_sqlite",
            "sqlite",
            "SIGKILL to the whole server, then restart",
            crowd.answers,
            verdict,
            times=times,
            pause=pause,
            problems=too_long(pause),
        )
    ]

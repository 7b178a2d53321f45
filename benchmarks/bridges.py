"""Django behind ASGI by our own bridge and by a2wsgi: `python -m benchmarks.bridges`.

Both call the same WSGI application with the same number of threads, in this process, without a
server: what differs is the bridge. Prints the medians of rounds in turn, and their ratio.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

import django
from django.core.management import call_command

from benchmarks.report import markdown_table

ROUNDS = 5
REQUESTS = 2_000
AT_A_TIME = 64
Application = Callable[..., Awaitable[None]]


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        os.environ["DATABASE_URL"] = f"sqlite:///{directory}/bridges.sqlite3"
        os.environ.setdefault("SECRET_KEY", "for this benchmark only")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        django.setup()
        call_command("migrate", verbosity=0)
        rates = asyncio.run(_run())
    ours, theirs = (statistics.median(rates[name]) for name in ("own bridge", "a2wsgi"))
    rows = [["own bridge", f"{ours:,.0f}"], ["a2wsgi", f"{theirs:,.0f}"]]
    print(markdown_table(["GET /livez", "requests/s"], rows))
    print(f"ratio: {ours / theirs:.2f}")


async def _run() -> dict[str, list[float]]:
    from a2wsgi import WSGIMiddleware

    from config.wsgi import application
    from monoservices.server.django_lane import THREADS, DjangoLane

    lane = DjangoLane(application)
    wsgi: Any = application
    theirs: Any = WSGIMiddleware(wsgi, workers=THREADS)

    async def ours(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await lane.answer(scope, b"", send)

    rates: dict[str, list[float]] = {"own bridge": [], "a2wsgi": []}
    for _ in range(ROUNDS):
        for name, bridge in (("own bridge", ours), ("a2wsgi", theirs)):
            started = time.perf_counter()
            callers = [_caller(bridge, REQUESTS // AT_A_TIME) for _ in range(AT_A_TIME)]
            await asyncio.gather(*callers)
            rates[name].append(REQUESTS / (time.perf_counter() - started))
    await lane.drain()
    return rates


async def _caller(bridge: Application, requests: int) -> None:
    for _ in range(requests):
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/livez",
            "raw_path": b"/livez",
            "query_string": b"",
            "scheme": "http",
            "http_version": "1.1",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 8001),
            "headers": [(b"host", b"127.0.0.1")],
        }
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any], statuses: list[int] = statuses) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await bridge(scope, receive, send)
        if statuses != [200]:
            raise RuntimeError(f"answered {statuses}")


if __name__ == "__main__":
    main()

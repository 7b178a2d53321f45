"""A load generator in Python, for machines without wrk.

It takes several times the processor time of wrk, so compare its figures only with each other.
"""

import asyncio
import random
import re
import time
import uuid
from collections.abc import Callable
from statistics import quantiles
from typing import cast

import httptools
import uvloop

from benchmarks.load import CUSTOMERS, DRAIN_SECONDS, LoadResult, Request, first_number

PYTHON = "Python"
PLACEHOLDER = re.compile(r"\{(key|id|text|customer|number)\}")


class Loop:
    """What the connections of one load share: when it ends, and its results so far."""

    def __init__(self, request: Request, *, connections: int, seconds: float, seed: int) -> None:
        self.render = renderer(request, seed=seed)
        self.begin = time.perf_counter()
        self.end = self.begin + seconds
        self.completed = self.acknowledged = 0
        self.errors = {"connect": 0, "read": 0, "write": 0, "timeout": 0, "status": 0}
        self.latencies: list[float] = []

    def answered(self, status: int, sent: float) -> None:
        now = time.perf_counter()
        self.latencies.append((now - sent) * 1000)
        if status >= 400:
            self.errors["status"] += 1
            return
        self.acknowledged += 1
        self.completed += now < self.end


class Connection(asyncio.Protocol):
    """One connection, which closes after its last response."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.ended = asyncio.get_running_loop().create_future()
        self.waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.parser = httptools.HttpResponseParser(self)
        self._send()

    def _send(self) -> None:
        if time.perf_counter() >= self.loop.end:
            self.transport.close()
            return
        self.sent = time.perf_counter()
        self.waiting = True
        self.transport.write(self.loop.render())

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.waiting = False
        self.loop.answered(self.parser.get_status_code(), self.sent)
        if self.parser.should_keep_alive():
            self._send()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.waiting:
            self.loop.errors["read"] += 1
        self.ended.set_result(None)


def renderer(request: Request, *, seed: int) -> Callable[[], bytes]:
    """Return a function that renders another request from the template at each call."""
    choose = random.Random(seed)  # noqa: S311 - the same draws in every run
    ids = range(request.first, request.first + request.step * request.ids, request.step)
    holes = len(re.findall(r"\{id\}", request.head + request.body))
    number = first_number()

    def render() -> bytes:
        nonlocal number
        number += 1
        drawn = iter(choose.sample(ids, holes))
        fillers: dict[str, Callable[[], object]] = {
            "key": uuid.uuid4,
            "id": lambda: next(drawn),
            "text": lambda: choose.choice(request.texts),
            "customer": lambda: choose.randint(1, CUSTOMERS),
            "number": lambda: number,
        }

        def fill(match: re.Match[str]) -> str:
            return str(fillers[match[1]]())

        head = PLACEHOLDER.sub(fill, request.head)
        body = PLACEHOLDER.sub(fill, request.body)
        return f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()

    return render


def apply_python_load(
    port: int, request: Request, *, connections: int, seconds: float, seed: int
) -> LoadResult:
    """Load the server on 127.0.0.1, as `benchmarks.generator.apply_load` does."""
    load = uvloop.run(_apply(port, request, connections=connections, seconds=seconds, seed=seed))
    percentiles = quantiles(load.latencies or [0.0, 0.0], n=100, method="inclusive")
    return LoadResult(
        generator=PYTHON,
        seconds=seconds,
        completed=load.completed,
        acknowledged=load.acknowledged,
        errors=load.errors,
        p50_ms=percentiles[49],
        p99_ms=percentiles[98],
    )


async def _apply(
    port: int, request: Request, *, connections: int, seconds: float, seed: int
) -> Loop:
    load = Loop(request, connections=connections, seconds=seconds, seed=seed)

    async def keep_connected() -> None:
        while time.perf_counter() < load.end:
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(load), "127.0.0.1", port
                )
            except OSError:
                load.errors["connect"] += 1
                await asyncio.sleep(0.01)
                continue
            await connection.ended

    tasks = [asyncio.ensure_future(keep_connected()) for _ in range(connections)]
    _, unanswered = await asyncio.wait(tasks, timeout=seconds + DRAIN_SECONDS)
    load.errors["timeout"] = len(unanswered)
    for task in unanswered:
        task.cancel()
    return load

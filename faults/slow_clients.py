"""A thousand slow clients must not delay the clients that order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from statistics import median

from faults import wire
from faults.checks import compare
from faults.clients import EXPRESS, ORDERS, merge_answers, order_body
from faults.outcome import Outcome, outcome
from faults.overload import load, percentile
from faults.server import Server
from faults.shop import STOCK, Shop, postgresql
from faults.storm import CLIENTS, PRODUCTS
from faults.wire import Connection

SLOW = 1_000
BYTE_SECONDS = 1.0
ROUNDS = 2
MOST_RATIO = 2.0


# Its requests would be valid if they were ever complete.
BODY = order_body(1)


async def run(times: int) -> list[Outcome]:
    parts = []
    alone, beside, connected = [], [], []
    with postgresql() as url:
        shop = Shop.fill(url, [STOCK] * PRODUCTS)
        async with Server(shop) as server:
            for _ in range(ROUNDS):
                answers, _ = await load(server, CLIENTS, honor_retry_after=True)
                parts.append(answers)
                alone.append(percentile(answers.took, 0.99))
                async with slow_clients(server, SLOW) as count_connected:
                    answers, _ = await load(server, CLIENTS, honor_retry_after=True)
                    parts.append(answers)
                    beside.append(percentile(answers.took, 0.99))
                    connected.append(count_connected())
            whole = merge_answers(*parts)
            verdict = await compare(shop, server, whole)
    ratio = median(beside) / median(alone)
    return [
        outcome(
            "slow_clients",
            "postgresql",
            f"{SLOW:,} clients send one byte per second, {CLIENTS} clients order",
            whole,
            verdict,
            figures={
                "p99 without slow clients, ms": 1_000 * median(alone),
                "p99 with slow clients, ms": 1_000 * median(beside),
                "ratio": ratio,
                "slow clients connected at the end": min(connected),
            },
            problems=[f"p99 is {ratio:.1f} times higher"] if ratio >= MOST_RATIO else [],
        )
    ]


@asynccontextmanager
async def slow_clients(server: Server, count: int) -> AsyncIterator[Callable[[], int]]:
    """Run `count` slow clients. Yield a function that returns how many are connected."""
    clients = [_Slow(server, in_headers=number % 2 == 0) for number in range(count)]
    tasks = [asyncio.create_task(client.run()) for client in clients]
    await asyncio.sleep(BYTE_SECONDS)
    try:
        yield lambda: sum(client.connected for client in clients)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Slow:
    """Sends one byte per second, and reconnects when the server closes."""

    def __init__(self, server: Server, *, in_headers: bool) -> None:
        self._server = server
        self._in_headers = in_headers
        self._connection: Connection | None = None

    @property
    def connected(self) -> bool:
        return self._connection is not None and not self._connection.closed

    async def run(self) -> None:
        request = wire.request("POST", ORDERS, self._server.secret, BODY, content_type=EXPRESS)
        at_once = 0 if self._in_headers else len(request) - len(BODY)
        while True:
            with suppress(OSError):
                self._connection = await Connection.open(self._server.port)
                await self._send(self._connection, request[:at_once], request[at_once:-1])
            await asyncio.sleep(BYTE_SECONDS)

    async def _send(self, connection: Connection, head: bytes, rest: bytes) -> None:
        """Send `head` at once and `rest` byte by byte, until the server closes."""
        try:
            connection.write(head)
            for number in range(len(rest)):
                await asyncio.sleep(BYTE_SECONDS)
                if connection.closed:
                    return
                connection.write(rest[number : number + 1])
        finally:
            connection.close()

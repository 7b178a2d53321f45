"""A proxy in front of PostgreSQL that loses the response to one COMMIT."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self

from benchmarks.servers import HOST
from faults.postgres_wire import FromClient, FromServer, Transactions, committed

CHUNK = 65_536


class CommitCutter:
    """Forwards everything until it is armed.

    Then it waits for a transaction with a statement that contains `marker`, forwards its COMMIT,
    and closes both connections when PostgreSQL reports success, before the client learns of it.
    host, port: where PostgreSQL listens. cuts: how many COMMITs were cut.
    """

    def __init__(self, host: str, port: int, *, marker: str = "orders_order") -> None:
        self.cuts = 0
        self._address = host, port
        self._marker = marker
        self._armed = False
        self._on_cut: Callable[[], Awaitable[None]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def arm(self, on_cut: Callable[[], Awaitable[None]] | None = None) -> None:
        """Cut the next COMMIT. on_cut: awaited after the COMMIT, before the client is cut off."""
        self._armed, self._on_cut = True, on_cut

    def take(self) -> bool:
        """Whether to cut this COMMIT. Disarms the proxy."""
        armed, self._armed = self._armed, False
        return armed

    async def cut(self) -> None:
        self.cuts += 1
        if self._on_cut is not None:
            await self._on_cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            remote = await asyncio.open_connection(*self._address)
        except OSError:
            writer.transport.abort()
            return
        session = _Session(self, Transactions(self._marker), (reader, writer), remote)
        with suppress(asyncio.CancelledError):  # the proxy closes
            await session.run()


_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Session:
    """A connection from the application and its connection to PostgreSQL."""

    def __init__(
        self, proxy: CommitCutter, transactions: Transactions, app: _Streams, postgres: _Streams
    ) -> None:
        self._proxy = proxy
        self._transactions = transactions
        self._app, self._postgres = app, postgres
        self._cutting = False

    async def run(self) -> None:
        """Forward until either side or the proxy closes."""
        pumps = [
            asyncio.create_task(self._forward_requests()),
            asyncio.create_task(self._forward_responses()),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for _, writer in (self._app, self._postgres):
                writer.transport.abort()

    async def _forward_requests(self) -> None:
        messages = FromClient()
        with suppress(ConnectionError):
            while data := await self._app[0].read(CHUNK):
                for message in messages.feed(data):
                    if self._transactions.commits(message) and not self._cutting:
                        self._cutting = self._proxy.take()
                    self._postgres[1].write(message)
                await self._postgres[1].drain()

    async def _forward_responses(self) -> None:
        messages = FromServer()
        with suppress(ConnectionError):
            while data := await self._postgres[0].read(CHUNK):
                for message in messages.feed(data):
                    if self._cutting and committed(message):
                        await self._proxy.cut()
                        return
                    self._app[1].write(message)
                await self._app[1].drain()

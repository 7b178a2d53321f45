"""A proxy before PostgreSQL that loses the answer to a COMMIT, and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self

from benchmarks.servers import HOST
from faults.postgres_wire import FromClient, FromServer, Transactions, committed

CHUNK = 65_536


class CommitCutter:
    """Passes everything on. Once armed, it waits for a transaction that executes a statement with
    `marker`, lets its COMMIT through, and closes both connections when the server says that it is
    done, before the client can hear of it.

    host, port: where PostgreSQL listens. cuts: how often that happened.
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
        """Cut the next COMMIT. on_cut: awaited when it is done and the client does not know."""
        self._armed, self._on_cut = True, on_cut

    def take(self) -> bool:
        """Whether this COMMIT is the one to cut; then no other is."""
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
        with suppress(asyncio.CancelledError):  # the proxy is closed
            await session.run()


_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Session:
    """One connection of the application, and the one to PostgreSQL that belongs to it."""

    def __init__(
        self, proxy: CommitCutter, transactions: Transactions, app: _Streams, postgres: _Streams
    ) -> None:
        self._proxy = proxy
        self._transactions = transactions
        self._app, self._postgres = app, postgres
        self._doomed = False

    async def run(self) -> None:
        """Return when either side has closed, or the proxy has."""
        pumps = [asyncio.create_task(self._requests()), asyncio.create_task(self._answers())]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for _, writer in (self._app, self._postgres):
                writer.transport.abort()

    async def _requests(self) -> None:
        messages = FromClient()
        with suppress(ConnectionError):
            while data := await self._app[0].read(CHUNK):
                for message in messages.feed(data):
                    if self._transactions.commits(message) and not self._doomed:
                        self._doomed = self._proxy.take()
                    self._postgres[1].write(message)
                await self._postgres[1].drain()

    async def _answers(self) -> None:
        messages = FromServer()
        with suppress(ConnectionError):
            while data := await self._postgres[0].read(CHUNK):
                for message in messages.feed(data):
                    if self._doomed and committed(message):
                        await self._proxy.cut()
                        return
                    self._app[1].write(message)
                await self._app[1].drain()

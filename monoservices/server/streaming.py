"""A response that is sent piece by piece from a thread, as far as its reader reads it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from threading import Lock
from time import monotonic, sleep

from monoservices.server.asgi import Message, Receive, Send

READER_SECONDS = 15.0
"""How long the reader may take for one piece."""
STREAM_SECONDS = 600.0
"""How long all pieces may take together."""


MOST_REST_SECONDS = 1.0
"""How long nobody makes a piece after one that took long."""


class Share:
    """Lets streams make their pieces one after another, for a share of the time at most.

    Making a piece takes the interpreter, which orders need too. Without this limit, a client that
    opens one stream after another could use up a whole worker.
    share: the part of the time, such as 0.25.
    """

    def __init__(self, share: float) -> None:
        self._rest = 1 / share - 1
        self._making = Lock()

    def pieces(self, pieces: Iterable[bytes], *, until: float) -> Iterator[bytes]:
        """Yield the pieces. Raises ConnectionAbortedError if no turn comes until then."""
        left = iter(pieces)
        while (piece := self._next(left, until)) is not None:
            yield piece

    def _next(self, left: Iterator[bytes], until: float) -> bytes | None:
        if not self._making.acquire(timeout=max(0.0, until - monotonic())):
            raise ConnectionAbortedError("The reader of a stream has taken too long.")
        try:
            started = monotonic()
            piece = next(left, None)
            sleep(min(MOST_REST_SECONDS, (monotonic() - started) * self._rest))
            return piece
        finally:
            self._making.release()


class Stream:
    """Sends one response. Create it in the event loop, and send in a thread.

    begin: awaited in the event loop before the first message is sent. What it raises, `send_all`
        raises. share: which all streams share.
    receive: says when the reader has left. Granian takes, and drops, what is sent after that.
    """

    def __init__(
        self,
        send: Send,
        receive: Receive | None,
        *,
        begin: Callable[[], Awaitable[None]],
        share: Share,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._send = send
        self._receive = receive
        self._begin = begin
        self._share = share
        self._departure: asyncio.Task[None] | None = None

    def send_all(self, start: Message, pieces: Iterable[bytes]) -> None:
        """In a thread: send the response, and return when the last piece has been taken.

        Raises ConnectionAbortedError if the reader leaves, stops reading or takes too long.
        """
        end = monotonic() + STREAM_SECONDS
        asyncio.run_coroutine_threadsafe(self._prepare(), self._loop).result()
        self._send_one(start, end)
        for piece in self._share.pieces(pieces, until=end):
            self._send_one({"type": "http.response.body", "body": piece, "more_body": True}, end)
        self._send_one({"type": "http.response.body", "body": b""}, end)

    def stop_watching(self) -> None:
        """In the event loop, at the end: no longer wait for the reader's departure."""
        if self._departure is not None:
            self._departure.cancel()

    async def _prepare(self) -> None:
        await self._begin()
        if self._receive is not None:
            self._departure = asyncio.create_task(_wait_for_departure(self._receive))

    def _send_one(self, message: Message, end: float) -> None:
        delivery = asyncio.run_coroutine_threadsafe(self._deliver(message), self._loop)
        try:
            delivery.result(min(READER_SECONDS, max(0, end - monotonic())))
        except TimeoutError:
            delivery.cancel()
            what = "has stopped" if monotonic() < end else "has taken too long"
            raise ConnectionAbortedError(f"The reader of a stream {what}.") from None

    async def _deliver(self, message: Message) -> None:
        if self._departure is not None and self._departure.done():
            raise ConnectionAbortedError("The reader of a stream has left.")
        await self._send(message)


async def _wait_for_departure(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

"""Reads a request's body, within limits of size, time and room, before any thread is involved.

Anyone may send SMALL bytes. Before a worker reads more, it finds out from the request's head
whether the sender may send it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, cast

from monoservices.api.problems import Malformed, RequestTimeout, TooLarge
from monoservices.server.asgi import Body, Message, RawHeaders, Receive, Scope
from monoservices.server.holding import Holding, Room
from monoservices.server.pacing import Throttle

MIB = 1024 * 1024
SMALL = 64 * 1024
"""How many bytes of a body are read from anyone. A complete body of this size is not counted: it
waits in a queue, and these are short."""
STRANGERS_MEMORY = 16 * MIB
"""For parts of bodies from unknown senders: 256 small bodies. If it is full, a worker reads on only
if it knows the sender."""
CALLERS_MEMORY = 64 * MIB
"""For bodies of known callers: 64 of the largest that are not files."""
CALLERS_DISK = 256 * MIB
"""For files of known callers: four of the largest, as many as Django reads at the same time."""
DISK_BYTES_PER_SECOND = 8 * MIB
"""How fast a worker writes files, because commits of the database may wait for the same disk, and
because receiving a MiB takes the event loop some milliseconds. As many files as there can be still
arrive as fast as BYTES_PER_SECOND."""
SECONDS = 15.0
"""How long a body may take after the headers, if it brings less than BYTES_PER_SECOND."""
BYTES_PER_SECOND = 32 * 1024
"""How fast a body must arrive in each period of SECONDS to be read on."""


class Intake:
    """Reads bodies, which share a bounded room.

    admit: whether a request comes from a known caller, who may send a large body; False if its
        address needs no key. Raises the problem of a sender who may not.
    """

    def __init__(self, admit: Callable[[Scope], Awaitable[bool]]) -> None:
        self._admit = admit
        self.strangers = Room(memory=STRANGERS_MEMORY)
        self.callers = Room(memory=CALLERS_MEMORY, disk=CALLERS_DISK)
        self._disk = Throttle(DISK_BYTES_PER_SECOND, at_once=MIB)

    async def read(
        self, scope: Scope, receive: Receive, *, limit: int
    ) -> tuple[Body, Holding | None]:
        """Return the body, empty if none is announced, and what to close when it is done with.

        limit: in bytes.
        Raises TooLarge as soon as the body exceeds the limit, RequestTimeout, Malformed if the body
        does not end as announced, Unavailable if there is no room, and what `admit` raises.
        """
        length = _announced_length(scope["headers"], limit)
        if length == 0:
            return b"", None
        room = None
        if length is not None and length > SMALL:
            room = await self._room_of(scope)
            room.expect(length)
        with _Pace() as pace:
            message = await receive()
            part = _part_of(message, limit)
            # Granian says that more may come until it is asked again, even if nothing comes.
            is_whole = len(part) == length or not message.get("more_body")
            if is_whole and len(part) <= SMALL:
                return part, None
            holding = Holding(room or self.strangers)
            try:
                while True:
                    if room is None and self._is_much(holding.size, len(part)):
                        pace.stop()
                        room = await self._room_of(scope)
                        holding.move(room)
                        pace.start()
                    holding.add(part)
                    pace.arrived += len(part)
                    if holding.is_file:
                        await self._disk.wait(turns=len(part))
                    if not message.get("more_body"):
                        break
                    message = await receive()
                    part = _part_of(message, limit - holding.size)
                body = holding.finish()
            except BaseException:
                holding.close()
                raise
        if holding.size > SMALL:
            return body, holding
        holding.close()
        return body, None

    async def _room_of(self, scope: Scope) -> Room:
        return self.callers if await self._admit(scope) else self.strangers

    def _is_much(self, held: int, more: int) -> bool:
        """Whether a sender must be known to send so much."""
        return held + more > SMALL or more > self.strangers.memory


class _Pace:
    """Raises RequestTimeout in this task if a period of SECONDS brings too few bytes.

    `asyncio.timeout` does that once, but takes as long as reading three small bodies.
    """

    __slots__ = ("_loop", "_task", "_timer", "arrived", "late")

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self.late = False
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        if self.late and kind is asyncio.CancelledError:
            self._task.uncancel()
            raise RequestTimeout from None

    def start(self) -> None:
        self.arrived = 0
        self._timer = self._loop.call_later(SECONDS, self._look)

    def stop(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        if self.arrived >= SECONDS * BYTES_PER_SECOND:
            self.start()
        else:
            self.late = True
            self._task.cancel()


def _announced_length(headers: RawHeaders, limit: int) -> int | None:
    """The length of the body in bytes; None if only its end will tell."""
    length = 0
    for name, value in headers:
        if name == b"transfer-encoding":  # overrides the length (RFC 9112, section 6.3)
            return None
        if name == b"content-length":  # a number, as the server answers 400 to anything else
            length = int(value)
    if length > limit:
        raise TooLarge
    return length


def _part_of(message: Message, limit: int) -> bytes:
    if message["type"] != "http.request":
        raise Malformed("The request body ended early, or its chunks are not valid.")
    part: bytes = message.get("body", b"")
    if len(part) > limit:
        raise TooLarge
    return part

"""Reading a request's body, within limits of size and time and before any thread is involved."""

import asyncio
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import Any, cast

from monoservices.api.problems import RequestTimeout, TooLarge
from monoservices.server.asgi import Body, Message, RawHeaders, Receive

SECONDS = 15.0
"""How long a body of ordinary size may take after the headers."""
BYTES_PER_SECOND = 64 * 1024
"""How fast a larger body must arrive."""
IN_MEMORY = 1024 * 1024
"""How many bytes of a body stay in memory."""


async def read_body(headers: RawHeaders, receive: Receive, *, limit: int) -> Body | None:
    """Return the body of a request; empty if none is announced, None if the client has left.

    limit: in bytes.
    Raises TooLarge as soon as the body exceeds the limit, and RequestTimeout.
    """
    length = _announced_length(headers, limit)
    if length == 0:
        return b""
    # `asyncio.timeout` does the same, but takes as long as reading three small bodies.
    loop = asyncio.get_running_loop()
    task = cast("asyncio.Task[Any]", asyncio.current_task())
    seconds = SECONDS + max(0, limit - IN_MEMORY) / BYTES_PER_SECOND
    alarm = loop.call_later(seconds, task.cancel)
    try:
        message = await receive()
        if message["type"] == "http.request":
            part: bytes = message.get("body", b"")
            # Granian says that more may come until it is asked again, even if nothing comes.
            if len(part) == length or not message.get("more_body"):
                return _within(limit, part)
        return await _read_parts(message, receive, limit)
    except asyncio.CancelledError:
        if loop.time() < alarm.when():
            raise
        task.uncancel()
        raise RequestTimeout from None
    finally:
        alarm.cancel()


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


async def _read_parts(message: Message, receive: Receive, limit: int) -> Body | None:
    """Read a body whose first part is `message`."""
    with ExitStack() as unfinished:
        file = unfinished.enter_context(SpooledTemporaryFile(max_size=IN_MEMORY))
        size = 0
        while message["type"] == "http.request":
            part = _within(limit - size, message.get("body", b""))
            size += file.write(part)
            if message.get("more_body"):
                message = await receive()
                continue
            file.seek(0)
            if size <= IN_MEMORY:
                return file.read()
            unfinished.pop_all()
            return file
    return None


def _within(limit: int, part: bytes) -> bytes:
    if len(part) > limit:
        raise TooLarge
    return part

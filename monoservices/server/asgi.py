"""What an ASGI server sends and receives: messages, headers and whole responses."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import IO, Any, Self

import msgspec
from msgspec import Struct

from monoservices.api.problems import CONTENT_TYPE, Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
RawHeaders = Iterable[tuple[bytes, bytes]]
Body = bytes | IO[bytes]
"""A whole body. One that is too large for memory is a file, positioned at its beginning."""


class WholeResponse(Struct, frozen=True):
    """A response that is sent in one piece."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}

    @classmethod
    def from_problem(cls, problem: Problem) -> Self:
        """The response to a request that failed with `problem`."""
        body = msgspec.json.encode(problem.document())
        return cls(problem.status, body, CONTENT_TYPE, problem.headers)


async def send_response(send: Send, response: WholeResponse, more_headers: RawHeaders = ()) -> None:
    """Send a response with its own headers and `more_headers`."""
    headers = [
        (b"content-type", response.content_type.encode()),
        (b"content-length", b"%d" % len(response.body)),
        *more_headers,
    ]
    if response.headers:
        headers += [
            (name.lower().encode(), text.encode()) for name, text in response.headers.items()
        ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})

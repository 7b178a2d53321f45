"""What an ASGI server sends and receives: messages and headers."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import IO, Any

from monoservices.api.whole_response import WholeResponse

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
RawHeaders = Iterable[tuple[bytes, bytes]]
Body = bytes | IO[bytes]
"""A whole body. One that is too large for memory is a file, positioned at its beginning."""


async def send_response(
    send: Send, response: WholeResponse, more_headers: RawHeaders = (), *, method: str = "GET"
) -> None:
    """Send a response with its own headers and `more_headers`, for a request with this method."""
    headers = [*more_headers]
    if response.body:
        headers.append((b"content-type", response.content_type.encode()))
    if "Content-Length" not in response.headers:
        headers.append((b"content-length", b"%d" % len(response.body)))
    if response.headers:
        headers += [
            (name.lower().encode(), text.encode()) for name, text in response.headers.items()
        ]
    body = b"" if method == "HEAD" else response.body
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

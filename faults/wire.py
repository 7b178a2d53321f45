"""A minimal HTTP/1.1 client, fast enough for hundreds of connections in one process.

Unlike the libraries, it tells whether a connection closed before a response.
"""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple, Self, cast

import httptools

from benchmarks.servers import HOST


class Response(NamedTuple):
    """A response. headers: by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection(asyncio.Protocol):
    """A keep-alive connection for one request at a time."""

    def __init__(self) -> None:
        self.closed = False
        self._response: asyncio.Future[Response] | None = None
        self._headers: dict[str, str] = {}
        self._body = b""

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect. Raises OSError if nothing listens."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, HOST, port)
        return connection

    async def send(self, request: bytes) -> Response:
        """Send a request and return its response.

        Raises ConnectionError if the server closes first. If you cancel this, close the connection,
        because the response may still arrive.
        """
        if self.closed:
            raise ConnectionResetError("The connection is closed.")
        self._response = asyncio.get_running_loop().create_future()
        self.write(request)
        return await self._response

    def write(self, data: bytes) -> None:
        """Send a part of a request."""
        self._transport.write(data)

    def close(self) -> None:
        self.closed = True
        self._transport.abort()

    # Called by asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._response is not None and not self._response.done():
            self._response.set_exception(
                ConnectionResetError("The server closed before it responded.")
            )

    # Called by the parser.

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        response = Response(self._parser.get_status_code(), self._headers, self._body)
        self._headers, self._body = {}, b""
        # An unexpected response, such as a 408, means that the server is about to close.
        expected = self._response is not None and not self._response.done()
        if not (expected and self._parser.should_keep_alive()):
            self.close()
        if self._response is not None and expected:
            self._response.set_result(response)


def request(method: str, path: str, secret: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of a request. headers: named as in Python, such as `idempotency_key="k"`."""
    fields = {
        "Host": HOST,
        "Authorization": f"Bearer {secret}",
        **{name.replace("_", "-").title(): value for name, value in headers.items()},
    }
    if body:
        fields["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body

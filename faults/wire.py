"""A small HTTP/1.1 client for one connection, quick enough for hundreds of them in one process.

It knows what no library tells: whether a connection ended before any byte of the answer.
"""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple, Self, cast

import httptools

from benchmarks.servers import HOST


class Response(NamedTuple):
    """headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection(asyncio.Protocol):
    """A keep-alive connection that carries one request at a time."""

    def __init__(self) -> None:
        self.closed = False
        self._answer: asyncio.Future[Response] | None = None
        self._headers: dict[str, str] = {}
        self._body = b""

    @classmethod
    async def open(cls, port: int) -> Self:
        """Raises OSError where nobody listens."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, HOST, port)
        return connection

    async def send(self, request: bytes) -> Response:
        """Raises ConnectionError where the server closes instead of answering.

        Close the connection where this does not return: its answer could come later.
        """
        if self.closed:
            raise ConnectionResetError("closed before the request")
        self._answer = asyncio.get_running_loop().create_future()
        self.write(request)
        return await self._answer

    def write(self, data: bytes) -> None:
        """Send bytes, which may be a part of a request."""
        self._transport.write(data)

    def close(self) -> None:
        self.closed = True
        self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("closed instead of answering"))

    # What the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        response = Response(self._parser.get_status_code(), self._headers, self._body)
        self._headers, self._body = {}, b""
        # An answer that nobody waits for says that the server is about to close, such as a 408.
        expected = self._answer is not None and not self._answer.done()
        if not (expected and self._parser.should_keep_alive()):
            self.close()
        if self._answer is not None and expected:
            self._answer.set_result(response)


def request(method: str, path: str, secret: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of a request; `headers` are named as in Python: `idempotency_key="k"`."""
    fields = {
        "Host": HOST,
        "Authorization": f"Bearer {secret}",
        **{name.replace("_", "-").title(): value for name, value in headers.items()},
    }
    if body:
        fields["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body

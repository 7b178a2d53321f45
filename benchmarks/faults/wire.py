"""A small HTTP/1.1 client for one connection, quick enough for hundreds of them in one process.

It knows what no library tells: whether a connection ended before any byte of the answer.
"""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple, Self

HOST = "127.0.0.1"


class Response(NamedTuple):
    """headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection(asyncio.Protocol):
    """A keep-alive connection that carries one request at a time."""

    def __init__(self) -> None:
        self.closed = False
        self._received = bytearray()
        self._answer: asyncio.Future[Response] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int) -> Self:
        """Raises OSError where nobody listens."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, HOST, port)
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
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        response = take_response(self._received)
        if response is None:
            return
        if response.headers.get("connection", "").lower() == "close":
            self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(response)
        else:  # an answer that nobody waits for, such as 408 for a request that never came
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("closed instead of answering"))


def take_response(received: bytearray) -> Response | None:
    """Take a response off the front of the bytes; None where it is not all there yet.

    Raises ValueError for one whose length is not given by Content-Length.
    """
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = received[:end].decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if "content-length" not in headers:
        raise ValueError(f"an answer without Content-Length: {first}, {headers}")
    start, stop = end + 4, end + 4 + int(headers["content-length"])
    if len(received) < stop:
        return None
    response = Response(int(first.split()[1]), headers, bytes(received[start:stop]))
    del received[:stop]
    return response


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

"""What attackers do: a coroutine for each kind, which makes one attack.

Each returns the status of the answer, or 0 if there was none. It may raise OSError or EOFError when
the server closes the connection.
"""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks.servers import HOST
from faults import wire

MIB = 2**20
ORDERS = "/api/v1/orders/"
ORDER_EXPORT = "/api/v1/orders/export/"
IMPORT = "/api/v1/products/import/"
PRODUCTS = "/api/v1/products/"
LOGIN = "/console/login/"
STEP_SECONDS = 1.0
"""How long slow attackers wait between two steps."""
STEPS = 60
"""How many steps they make before they begin anew."""
WAVE_SECONDS = 10.0
READ_AHEAD = 1_024
CHUNK = bytes(64 * 1024)


@dataclass(frozen=True)
class Target:
    """The server, and a key that it knows."""

    port: int
    secret: str

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["Line"]:
        """Open a connection, and reset it after the block."""
        reader, writer = await asyncio.open_connection(HOST, self.port, limit=READ_AHEAD)
        try:
            yield Line(reader, writer)
        finally:
            writer.transport.abort()


@dataclass(frozen=True)
class Line:
    """A connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def status(self) -> int:
        """Wait for the status of an answer."""
        line = await self.reader.readline()
        if not line:
            raise EOFError
        return int(line.split()[1])

    async def headers(self) -> list[str]:
        lines = []
        while (line := (await self.reader.readline()).decode("latin-1").strip()) != "":
            lines.append(line)
        return lines


Attack = Callable[[Target], Awaitable[int]]


def _announce(path: str, key: str, size: int, **headers: str) -> bytes:
    """The head of a POST whose body has this size, or as many bytes as come if the size is 0."""
    length = {"content_length": str(size)} if size else {"transfer_encoding": "chunked"}
    return wire.request("POST", path, key, b"", **length, **headers)


def _no_key() -> str:
    """A key of the right form that the server does not know."""
    return f"tp_{secrets.token_urlsafe(32)}"


def _some_key(target: Target) -> str:
    return secrets.choice([target.secret, _no_key()])


async def slow_body(target: Target) -> int:
    """Send a body byte by byte."""
    path = secrets.choice([ORDERS, IMPORT])
    async with target.connect() as line:
        head = _announce(path, _some_key(target), MIB, content_type="application/json")
        await line.write(head + CHUNK[: secrets.randbelow(len(CHUNK))])
        for _ in range(STEPS):
            await asyncio.sleep(STEP_SECONDS)
            if line.reader.at_eof():
                raise EOFError
            await line.write(b" ")
        return 0


async def slow_reader(target: Target) -> int:
    """Ask for an export and hardly read it."""
    async with target.connect() as line:
        await line.write(wire.request("GET", ORDER_EXPORT, target.secret))
        status = await line.status()
        for _ in range(STEPS):
            await asyncio.sleep(STEP_SECONDS)
            if not await line.reader.read(16):
                break
        return status


async def wrong_key(target: Target) -> int:
    """Ask with a key that does not exist."""
    async with target.connect() as line:
        await line.write(wire.request("GET", PRODUCTS, _no_key()))
        return await line.status()


async def wrong_password(target: Target) -> int:
    """Sign in to the console as somebody with a wrong password."""
    async with target.connect() as line:
        await line.write(wire.request("GET", LOGIN, ""))
        await line.status()
        cookies = re.findall(r"csrftoken=([^;]+)", " ".join(await line.headers()))
        fields = {"username": "staff", "password": secrets.token_hex(8)}
        fields["csrfmiddlewaretoken"] = cookies[0] if cookies else ""
        body = urlencode(fields).encode()
    async with target.connect() as line:
        form = wire.request(
            "POST",
            LOGIN,
            "",
            body,
            content_type="application/x-www-form-urlencoded",
            cookie=f"csrftoken={fields['csrfmiddlewaretoken']}",
        )
        await line.write(form)
        return await line.status()


async def huge_body(target: Target) -> int:
    """Send more than any route takes, announced or not."""
    size = secrets.choice([0, 200 * MIB])
    async with target.connect() as line:
        await line.write(_announce(IMPORT, _some_key(target), size, content_type="text/csv"))
        answer = asyncio.create_task(line.status())
        try:
            while not answer.done():
                await line.write(CHUNK if size else b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK))
        finally:
            answer.cancel()
        return await answer


async def aborted_upload(target: Target) -> int:
    """Leave in the midst of a large body."""
    async with target.connect() as line:
        size = 8 * MIB
        await line.write(_announce(IMPORT, _some_key(target), size, content_type="text/csv"))
        for _ in range(secrets.randbelow(size // len(CHUNK))):
            await line.write(CHUNK)
        return 0


async def aborted_download(target: Target) -> int:
    """Leave in the midst of an export."""
    async with target.connect() as line:
        await line.write(wire.request("GET", ORDER_EXPORT, target.secret))
        status = await line.status()
        await line.reader.read(1 + secrets.randbelow(64 * 1024))
        return status


async def idle_connection(target: Target) -> int:
    """Hold a connection and say nothing.

    All these attackers come and go in waves: in between, the others find free connections too.
    """
    wave, since = divmod(time.monotonic(), WAVE_SECONDS)
    if wave % 2 == 0:
        async with target.connect() as line, asyncio.timeout(WAVE_SECONDS - since):
            await line.reader.read(1)
    else:
        await asyncio.sleep(WAVE_SECONDS - since)
    return 0


ATTACKS: dict[Attack, int] = {
    slow_body: 200,
    slow_reader: 16,
    wrong_key: 8,
    wrong_password: 8,
    huge_body: 8,
    aborted_upload: 8,
    aborted_download: 8,
    idle_connection: 5_000,
}
"""How many attackers of each kind there are at a time."""

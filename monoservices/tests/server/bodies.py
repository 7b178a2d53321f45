"""Bodies for the tests of the server: who sends them, and what is read of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import pytest

from monoservices.api.problems import (
    Problem,
)
from monoservices.server import body as body_module
from monoservices.server.asgi import Body, Message
from monoservices.server.body import SMALL, Intake
from monoservices.server.holding import Holding
from tests.asgi import http_scope, request_parts

CHUNKED = [("transfer-encoding", "chunked")]
GONE: Message = {"type": "http.disconnect"}
MIB = 1024 * 1024

HALF = SMALL // 2
LARGE = [b"a" * HALF, b"b" * HALF, b"c" * HALF]


def announced(length: int) -> list[tuple[str, str]]:
    return [("content-length", str(length))]


class Sender:
    """Sends messages to an intake, and may be known. asked: how often that was asked."""

    def __init__(self, *, known: bool = True, refusal: Problem | None = None) -> None:
        self.intake = Intake(self.admit)
        self.asked = 0
        self.left = 0
        self._known, self._refusal = known, refusal

    async def admit(self, scope: Any) -> bool:
        self.asked += 1
        await asyncio.sleep(0)
        if self._refusal is not None:
            raise self._refusal
        return self._known

    async def send(
        self, headers: list[tuple[str, str]], messages: Iterable[Message], limit: int = MIB
    ) -> tuple[Body, Holding | None]:
        """What is read. `left`: how many messages are not."""
        waiting = list(messages)

        async def receive() -> Message:
            self.left = len(waiting) - 1
            return waiting.pop(0)

        self.left = len(waiting)
        return await self.intake.read(http_scope("POST", "/", headers), receive, limit=limit)

    @property
    def taken(self) -> tuple[int, int, int]:
        """How much memory of strangers, and memory and disk of callers, is taken."""
        strangers, callers = self.intake.strangers, self.intake.callers
        return (
            body_module.STRANGERS_MEMORY - strangers.memory,
            body_module.CALLERS_MEMORY - callers.memory,
            body_module.CALLERS_DISK - callers.disk,
        )


NOTHING = (0, 0, 0)


def read(
    headers: list[tuple[str, str]], messages: Iterable[Message], limit: int = 10
) -> tuple[Body, int]:
    """What is read of a small body, and how many messages are left."""
    sender = Sender()
    body, held = asyncio.run(sender.send(headers, messages, limit))
    assert (held, sender.asked, sender.taken) == (None, 0, NOTHING)
    return body, sender.left


def fails(
    error: type[Problem],
    headers: list[tuple[str, str]],
    messages: Iterable[Message],
    limit: int = 10,
    *,
    sender: Sender | None = None,
) -> Problem:
    """The problem of a body, of which nothing may stay."""
    sender = sender or Sender()
    with pytest.raises(error) as raised:
        asyncio.run(sender.send(headers, messages, limit))
    assert sender.taken == NOTHING
    return raised.value


async def unfinished(parts: list[bytes], until: asyncio.Event) -> AsyncIterator[Message]:
    """The messages of a body whose last part comes after `until`."""
    *first, last = request_parts(*parts)
    for message in first:
        yield message
    await until.wait()
    yield last


Start = Callable[..., Awaitable["asyncio.Task[tuple[Body, Holding | None]]"]]


def during(
    sender: Sender,
    count: int,
    parts: list[bytes],
    then: Callable[[], Awaitable[None]],
    limit: int = 64 * MIB,
) -> list[tuple[Body, Holding | None]]:
    """Call `then` while `count` bodies wait for their last part. Return these bodies."""

    async def run() -> list[tuple[Body, Holding | None]]:
        until = asyncio.Event()
        scope = http_scope("POST", "/", CHUNKED)
        bodies = [unfinished(parts, until) for _ in range(count)]
        tasks = [
            asyncio.create_task(sender.intake.read(scope, each.__anext__, limit=limit))
            for each in bodies
        ]
        for _ in range(10):
            await asyncio.sleep(0)
        await then()
        until.set()
        return await asyncio.gather(*tasks)

    return asyncio.run(run())

"""How long a body may take, and whose time counts."""

import asyncio
from typing import Any

import pytest

from monoservices.api.problems import (
    RequestTimeout,
)
from monoservices.server import body as body_module
from monoservices.server.asgi import Message
from monoservices.server.body import Intake
from monoservices.tests.server.bodies import (
    CHUNKED,
    LARGE,
    MIB,
    NOTHING,
    Sender,
)
from tests.asgi import http_scope, request_parts


@pytest.mark.parametrize("parts", [[], [b"x"]])
def test_a_body_that_takes_too_long(monkeypatch: pytest.MonkeyPatch, parts: list[bytes]) -> None:
    monkeypatch.setattr(body_module, "SECONDS", 0.01)
    waiting = request_parts(*parts, b"never")[:-1]
    intake = Sender().intake

    async def receive() -> Message:
        return waiting.pop(0) if waiting else await asyncio.Future()

    async def run() -> str:
        with pytest.raises(RequestTimeout):
            await intake.read(http_scope("POST", "/", CHUNKED), receive, limit=10)
        # The task goes on: what ended the wait was not a cancellation from outside.
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await asyncio.sleep(0)
        return "goes on"

    assert asyncio.run(run()) == "goes on"
    assert intake.strangers.memory == body_module.STRANGERS_MEMORY


def test_who_is_canceled_meanwhile_stays_canceled() -> None:
    waiting = request_parts(b"x", b"never")[:1]
    intake = Sender().intake

    async def receive() -> Message:
        return waiting.pop(0) if waiting else await asyncio.Future()

    async def run() -> None:
        scope = http_scope("POST", "/", CHUNKED)
        reading = asyncio.create_task(intake.read(scope, receive, limit=10))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert reading.cancelled()

    asyncio.run(run())
    assert intake.strangers.memory == body_module.STRANGERS_MEMORY


@pytest.mark.parametrize(("size", "is_read"), [(1_000, True), (100, False)])
def test_a_large_body_has_time_while_it_arrives_fast(
    monkeypatch: pytest.MonkeyPatch, size: int, is_read: bool
) -> None:
    monkeypatch.setattr(body_module, "SECONDS", 0.05)
    monkeypatch.setattr(body_module, "BYTES_PER_SECOND", 10_000)
    waiting = request_parts(*[b"x" * size] * 20)

    async def receive() -> Message:
        await asyncio.sleep(0.01)
        return waiting.pop(0)

    reading = Sender().intake.read(http_scope("POST", "/", CHUNKED), receive, limit=MIB)
    if is_read:
        assert asyncio.run(reading) == (b"x" * 20 * size, None)
    else:
        with pytest.raises(RequestTimeout):
            asyncio.run(reading)


def test_a_body_that_stalls_after_a_fast_beginning_takes_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(body_module, "SECONDS", 0.01)
    waiting = request_parts(*LARGE, b"never")[:-1]

    async def receive() -> Message:
        return waiting.pop(0) if waiting else await asyncio.Future()

    sender = Sender()
    with pytest.raises(RequestTimeout):
        asyncio.run(sender.intake.read(http_scope("POST", "/", CHUNKED), receive, limit=64 * MIB))
    assert sender.taken == NOTHING


def test_the_time_that_a_look_up_takes_is_not_the_senders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "SECONDS", 0.05)
    monkeypatch.setattr(body_module, "BYTES_PER_SECOND", 10**9)
    sender = Sender()

    async def admit(scope: Any) -> bool:
        await asyncio.sleep(0.1)
        return True

    sender.intake = Intake(admit)
    body, _ = asyncio.run(sender.send(CHUNKED, request_parts(*LARGE)))
    assert body == b"".join(LARGE)

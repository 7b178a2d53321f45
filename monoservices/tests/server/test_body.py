"""Bodies as they come from an ASGI server: within limits of size and time, or not at all."""

import asyncio
from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from typing import Any

import pytest

from monoservices.api.problems import RequestTimeout, TooLarge
from monoservices.server import body as body_module
from monoservices.server.asgi import Body, Message
from monoservices.server.body import read_body
from tests.asgi import request_parts

CHUNKED = [(b"transfer-encoding", b"chunked")]
GONE: Message = {"type": "http.disconnect"}


def announced(length: int) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"localhost"), (b"content-length", b"%d" % length)]


def read(
    headers: list[tuple[bytes, bytes]], messages: Iterable[Message], limit: int = 10
) -> tuple[Body | None, int]:
    """What is read, and how many messages are left."""
    waiting = list(messages)

    async def receive() -> Message:
        return waiting.pop(0)

    return asyncio.run(read_body(headers, receive, limit=limit)), len(waiting)


@pytest.mark.parametrize("headers", [[], announced(0), [(b"expect", b"100-continue")]])
def test_nothing_is_awaited_where_no_body_is_announced(headers: list[tuple[bytes, bytes]]) -> None:
    assert read(headers, request_parts(b"")) == (b"", 1)


@pytest.mark.parametrize("headers", [announced(10), CHUNKED])
@pytest.mark.parametrize(
    "parts",
    [
        [b"0123456789"],
        [b"01234", b"56789"],
        [b"", b"0123456789", b""],
        [b"%d" % i for i in range(10)],
    ],
)
def test_a_body_up_to_the_limit(headers: list[tuple[bytes, bytes]], parts: list[bytes]) -> None:
    assert read(headers, request_parts(*parts)) == (b"0123456789", 0)


def test_a_body_that_is_there_whole_is_not_asked_for_again() -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b"0123456789", "more_body": True},
        {"type": "http.request", "body": b""},
    ]
    assert read(announced(10), messages) == (b"0123456789", 1)
    assert read(CHUNKED, messages) == (b"0123456789", 0)


@pytest.mark.parametrize(
    "headers", [[*announced(2), *CHUNKED], [*CHUNKED, *announced(2)], [*CHUNKED, *announced(11)]]
)
def test_of_two_lengths_the_chunks_count(headers: list[tuple[bytes, bytes]]) -> None:
    assert read(headers, request_parts(b"01", b"23")) == (b"0123", 0)


def test_a_message_without_a_body_is_an_empty_one() -> None:
    assert read(CHUNKED, [{"type": "http.request"}]) == (b"", 0)
    first: Message = {"type": "http.request", "more_body": True}
    assert read(CHUNKED, [first, *request_parts(b"a")]) == (b"a", 0)


def test_a_body_announced_as_too_large_is_not_read() -> None:
    with pytest.raises(TooLarge):
        read(announced(11), [])


@pytest.mark.parametrize("parts", [[b"x" * 11], [b"x" * 10, b"x"], [b"x" * 11, b"", b""]])
def test_parts_are_counted(parts: list[bytes]) -> None:
    with pytest.raises(TooLarge):
        read(CHUNKED, request_parts(*parts))


def test_parts_past_the_limit_are_not_read() -> None:
    left = iter(request_parts(b"x" * 8, b"x" * 3, b"never"))

    async def receive() -> Message:
        return next(left)

    with pytest.raises(TooLarge):
        asyncio.run(read_body(CHUNKED, receive, limit=10))
    assert [each["body"] for each in left] == [b"never"]


@pytest.mark.parametrize("parts", [[], [b"x"], [b"x", b"y"]])
def test_a_sender_that_leaves(parts: list[bytes]) -> None:
    messages = [message | {"more_body": True} for message in map(dict, request_parts(*parts))]
    assert read(announced(10), [*messages, GONE]) == (None, 0)


def test_a_large_body_is_a_file_at_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "IN_MEMORY", 5)
    body, _ = read(CHUNKED, request_parts(b"01234", b"56789"))
    assert body is not None
    assert not isinstance(body, bytes)
    with body:
        assert (body.tell(), body.read(), body.name) == (0, b"0123456789", body.fileno())
    assert read(CHUNKED, request_parts(b"012", b"34")) == (b"01234", 0)


def test_a_file_is_closed_where_the_rest_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "IN_MEMORY", 5)
    files: list[Any] = []

    def remember(**options: Any) -> Any:
        files.append(SpooledTemporaryFile(**options))  # noqa: SIM115 - its closing is tested
        return files[-1]

    monkeypatch.setattr(body_module, "SpooledTemporaryFile", remember)
    parts = request_parts(b"012345", b"6", b"")[:2]
    assert read(CHUNKED, [*parts, GONE]) == (None, 0)
    with pytest.raises(TooLarge):
        read(CHUNKED, request_parts(b"012345", b"67890"))
    assert [file.closed for file in files] == [True, True]


@pytest.mark.parametrize("parts", [[], [b"x"]])
def test_a_body_that_takes_too_long(monkeypatch: pytest.MonkeyPatch, parts: list[bytes]) -> None:
    monkeypatch.setattr(body_module, "SECONDS", 0.01)
    waiting = request_parts(*parts, b"never")[:-1]

    async def receive() -> Message:
        return waiting.pop(0) if waiting else await asyncio.Future()

    async def run() -> str:
        with pytest.raises(RequestTimeout):
            await read_body(CHUNKED, receive, limit=10)
        # The task goes on: what ended the wait was not a cancellation from outside.
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await asyncio.sleep(0)
        return "goes on"

    assert asyncio.run(run()) == "goes on"


def test_who_is_canceled_meanwhile_stays_canceled() -> None:
    async def receive() -> Message:
        return await asyncio.Future()

    async def run() -> None:
        reading = asyncio.create_task(read_body(CHUNKED, receive, limit=10))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert reading.cancelled()

    asyncio.run(run())


def test_large_bodies_have_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "SECONDS", 0.0)
    monkeypatch.setattr(body_module, "IN_MEMORY", 5)

    async def receive() -> Message:
        await asyncio.sleep(0.01)
        return request_parts(b"x")[0]

    with pytest.raises(RequestTimeout):
        asyncio.run(read_body(CHUNKED, receive, limit=5))
    limit = 5 + 60 * body_module.BYTES_PER_SECOND
    assert asyncio.run(read_body(CHUNKED, receive, limit=limit)) == b"x"

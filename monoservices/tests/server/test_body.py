"""Bodies as they come from an ASGI server: within limits of size, time and room, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from tempfile import TemporaryFile
from typing import Any

import pytest

from monoservices.api.problems import (
    InvalidKey,
    Malformed,
    Problem,
    RequestTimeout,
    TooLarge,
    Unavailable,
)
from monoservices.server import body as body_module
from monoservices.server import holding
from monoservices.server.asgi import Body, Message
from monoservices.server.body import SMALL, Intake
from monoservices.server.holding import Holding
from monoservices.server.pacing import Throttle
from tests.asgi import http_scope, request_parts

CHUNKED = [("transfer-encoding", "chunked")]
GONE: Message = {"type": "http.disconnect"}
MIB = 1024 * 1024


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


@pytest.mark.parametrize("headers", [[], announced(0), [("expect", "100-continue")]])
def test_nothing_is_awaited_where_no_body_is_announced(headers: list[tuple[str, str]]) -> None:
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
def test_a_body_up_to_the_limit(headers: list[tuple[str, str]], parts: list[bytes]) -> None:
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
def test_of_two_lengths_the_chunks_count(headers: list[tuple[str, str]]) -> None:
    assert read(headers, request_parts(b"01", b"23")) == (b"0123", 0)


def test_a_message_without_a_body_is_an_empty_one() -> None:
    assert read(CHUNKED, [{"type": "http.request"}]) == (b"", 0)
    first: Message = {"type": "http.request", "more_body": True}
    assert read(CHUNKED, [first, *request_parts(b"a")]) == (b"a", 0)


def test_a_body_announced_as_too_large_is_not_read() -> None:
    fails(TooLarge, announced(11), [])


@pytest.mark.parametrize("parts", [[b"x" * 11], [b"x" * 10, b"x"], [b"x" * 11, b"", b""]])
def test_parts_are_counted(parts: list[bytes]) -> None:
    fails(TooLarge, CHUNKED, request_parts(*parts))


def test_parts_past_the_limit_are_not_read() -> None:
    sender = Sender()
    fails(TooLarge, CHUNKED, request_parts(b"x" * 8, b"x" * 3, b"never"), sender=sender)
    assert sender.left == 1


@pytest.mark.parametrize("headers", [announced(10), CHUNKED])
@pytest.mark.parametrize("parts", [[], [b"x"], [b"x", b"y"]])
def test_a_body_that_ends_early(headers: list[tuple[str, str]], parts: list[bytes]) -> None:
    messages = [message | {"more_body": True} for message in map(dict, request_parts(*parts))]
    problem = fails(Malformed, headers, [*messages, GONE])
    assert problem.detail == "The request body ended early, or its chunks are not valid."


HALF = SMALL // 2
LARGE = [b"a" * HALF, b"b" * HALF, b"c" * HALF]


@pytest.mark.parametrize("known", [True, False])
def test_a_small_body_is_read_from_anyone(known: bool) -> None:
    for headers in (announced(SMALL), CHUNKED):
        for parts in ([b"x" * SMALL], [b"x" * HALF] * 2):
            assert read(headers, request_parts(*parts), MIB) == (b"x" * SMALL, 0)


def test_who_announces_a_large_body_must_be_known_before_any_of_it_is_read() -> None:
    sender = Sender(refusal=InvalidKey())
    fails(InvalidKey, announced(SMALL + 1), request_parts(*LARGE), MIB, sender=sender)
    assert (sender.asked, sender.left) == (1, 3)


@pytest.mark.parametrize(
    ("parts", "left"), [(LARGE, 0), ([*LARGE, b"never"], 1), ([b"x" * (SMALL + 1)], 0)]
)
def test_whose_chunks_become_many_must_be_known_before_more_is_read(
    parts: list[bytes], left: int
) -> None:
    sender = Sender(refusal=InvalidKey())
    fails(InvalidKey, CHUNKED, request_parts(*parts), MIB, sender=sender)
    assert (sender.asked, sender.left) == (1, left)


@pytest.mark.parametrize("headers", [CHUNKED, announced(3 * HALF)])
@pytest.mark.parametrize("known", [True, False])
def test_a_large_body_counts_until_it_is_closed(
    headers: list[tuple[str, str]], known: bool
) -> None:
    sender = Sender(known=known)
    body, held = asyncio.run(sender.send(headers, request_parts(*LARGE)))
    assert (body, sender.asked, sender.left) == (b"".join(LARGE), 1, 0)
    assert sender.taken == ((0, 3 * HALF, 0) if known else (3 * HALF, 0, 0))
    assert held is not None
    held.close()
    held.close()
    assert sender.taken == NOTHING


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


def test_past_the_room_for_strangers_only_known_senders_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(body_module, "STRANGERS_MEMORY", 4 * 10)
    known, unknown = Sender(), Sender(refusal=InvalidKey())
    unknown.intake.strangers = known.intake.strangers

    async def full() -> None:
        assert known.intake.strangers.memory == 0
        with pytest.raises(InvalidKey):
            await unknown.send(CHUNKED, request_parts(b"x", b"y"))
        assert await known.send(CHUNKED, request_parts(b"x", b"y")) == (b"xy", None)
        assert known.asked == unknown.asked == 1
        # A body that is there whole waits for nothing.
        assert await unknown.send(CHUNKED, request_parts(b"xy")) == (b"xy", None)

    assert during(known, 4, [b"0123456789", b""], full) == [(b"0123456789", None)] * 4
    assert known.taken == NOTHING


def test_past_the_room_where_nobody_is_known_nobody_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(body_module, "STRANGERS_MEMORY", 4 * 10)
    sender = Sender(known=False)

    async def full() -> None:
        with pytest.raises(Unavailable) as raised:
            await sender.send(CHUNKED, request_parts(b"x", b"y"))
        assert raised.value.headers == {"Retry-After": "1"}

    assert during(sender, 4, [b"0123456789", b""], full) == [(b"0123456789", None)] * 4
    assert sender.taken == NOTHING


@pytest.mark.parametrize("headers", [CHUNKED, announced(3 * HALF)])
def test_past_the_room_for_callers_none_is_read(
    monkeypatch: pytest.MonkeyPatch, headers: list[tuple[str, str]]
) -> None:
    monkeypatch.setattr(body_module, "CALLERS_MEMORY", 2 * 3 * HALF)
    sender = Sender()

    async def full() -> None:
        assert sender.taken == (0, 2 * 3 * HALF, 0)
        with pytest.raises(Unavailable):
            await sender.send(headers, request_parts(*LARGE))
        assert sender.left == (0 if headers == CHUNKED else 3)
        assert sender.taken == (0, 2 * 3 * HALF, 0)

    for body, held in during(sender, 2, [*LARGE, b""], full):
        assert body == b"".join(LARGE)
        assert held is not None
        held.close()
    assert sender.taken == NOTHING


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> Iterable[list[Any]]:
    """The files of bodies, which begin at SMALL bytes. All must be closed at the end."""
    files: list[Any] = []

    def remember(**options: Any) -> Any:
        files.append(TemporaryFile(**options))  # noqa: SIM115 - its closing is tested
        return files[-1]

    monkeypatch.setattr(holding, "TemporaryFile", remember)
    monkeypatch.setattr(holding, "IN_MEMORY", SMALL)
    yield files
    assert all(file.closed for file in files)


@pytest.mark.parametrize("headers", [CHUNKED, announced(3 * HALF)])
def test_a_larger_body_is_a_file_at_its_beginning(
    headers: list[tuple[str, str]], on_disk: list[Any]
) -> None:
    sender = Sender()
    body, held = asyncio.run(sender.send(headers, request_parts(*LARGE)))
    assert not isinstance(body, bytes)
    assert (body.tell(), body.read(), body.name) == (0, b"".join(LARGE), body.fileno())
    assert (len(on_disk), sender.taken) == (1, (0, 0, 3 * HALF))
    assert held is not None
    held.close()
    held.close()
    assert sender.taken == NOTHING


def test_what_goes_to_the_disk_is_throttled(on_disk: list[Any]) -> None:
    class Recorder(Throttle):
        def delay(self, now: float, *, turns: int = 1) -> float:
            written.append(turns)
            return super().delay(now, turns=turns)

    written: list[int] = []
    sender = Sender()
    sender.intake._disk = Recorder(body_module.DISK_BYTES_PER_SECOND, at_once=MIB)
    parts = request_parts(b"x" * HALF, b"x" * HALF, b"x" * 7, b"x" * HALF)
    _, held = asyncio.run(sender.send(CHUNKED, parts, limit=2 * MIB))
    assert written == [7, HALF]
    assert held is not None
    held.close()


def test_all_files_at_once_arrive_fast_enough() -> None:
    files = body_module.CALLERS_DISK / holding.IN_MEMORY
    assert body_module.DISK_BYTES_PER_SECOND / files >= body_module.BYTES_PER_SECOND


def test_past_the_room_on_disk_none_is_read(
    monkeypatch: pytest.MonkeyPatch, on_disk: list[Any]
) -> None:
    monkeypatch.setattr(body_module, "CALLERS_DISK", 4 * HALF)
    sender = Sender()

    async def full() -> None:
        assert sender.taken == (0, 0, 3 * HALF)
        for headers, left in ((CHUNKED, 0), (announced(3 * HALF), 3)):
            with pytest.raises(Unavailable):
                await sender.send(headers, request_parts(*LARGE))
            assert (sender.left, sender.taken) == (left, (0, 0, 3 * HALF))
        # Smaller bodies are read all the same.
        body, held = await sender.send(CHUNKED, request_parts(b"x" * HALF, b"x" * HALF))
        assert (body, held) == (b"x" * SMALL, None)

    [(_, held)] = during(sender, 1, [*LARGE, b""], full)
    assert held is not None
    held.close()
    assert sender.taken == NOTHING


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (GONE, Malformed),
        ({"type": "http.request", "body": b"x" * MIB}, TooLarge),
    ],
)
def test_nothing_stays_of_a_file_that_is_not_finished(
    on_disk: list[Any], last: Message, error: type[Problem]
) -> None:
    messages = [message | {"more_body": True} for message in map(dict, request_parts(*LARGE))]
    fails(error, CHUNKED, [*messages, last], MIB)
    assert len(on_disk) == 1


@pytest.mark.parametrize("fails_at", ["open", "write", "third write"])
def test_a_full_disk_is_said_and_nothing_stays(
    monkeypatch: pytest.MonkeyPatch, on_disk: list[Any], fails_at: str
) -> None:
    make: Any = vars(holding)["TemporaryFile"]

    def full(**options: Any) -> Any:
        if fails_at == "open":
            raise OSError(28, "No space left on device")
        return FullFile(make(**options), 0 if fails_at == "write" else 2)

    monkeypatch.setattr(holding, "TemporaryFile", full)
    problem = fails(Unavailable, CHUNKED, request_parts(*LARGE), MIB)
    assert problem.detail.startswith("The server cannot keep a body of this size now.")
    assert len(on_disk) == (0 if fails_at == "open" else 1)


class FullFile:
    """A file on a disk that is full after `writes`, each of which writes a little less."""

    def __init__(self, file: Any, writes: int) -> None:
        self._file, self._writes = file, writes

    def write(self, data: memoryview) -> int:
        if not self._writes:
            raise OSError(28, "No space left on device")
        self._writes -= 1
        written: int = self._file.write(data[:-1])
        return written

    def close(self) -> None:
        self._file.close()


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

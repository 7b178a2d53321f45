"""Django's lane: streams and password hashes never keep ordinary requests waiting."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from threading import Event, get_ident
from typing import Any

import pytest
from django.db import connection

from monoservices.api.problems import Unavailable
from monoservices.server import kinds, streaming
from monoservices.server.asgi import Message
from monoservices.server.django_lane import DjangoLane
from monoservices.server.kinds import HASHING_WAITING, LONG, STRANGERS_WAITING, THREADS
from monoservices.tests.server.test_django_lane import is_closed
from tests.asgi import Reply, http_scope, reply_of

ENOUGH = 10
"""Seconds after which a test that hangs fails."""
DONE = Reply(200, {}, b"done")


class Whole(list[bytes]):
    streaming = False


class Stream:
    """A response in three pieces. It notes the threads in which it is read and closed."""

    streaming = True

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.closed: list[int] = []
        self.was_closed = Event()

    def __iter__(self) -> Iterator[bytes]:
        for piece in (b"1", b"2", b"3"):
            self.threads.append(get_ident())
            yield piece

    def close(self) -> None:
        self.closed.append(get_ident())
        self.was_closed.set()


class Application:
    """Streams at `/stream`, hashes at `/console/login/` until it may go on, and else is quick."""

    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self.hashes: list[str] = []
        self.go_on = Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [])
        if environ["PATH_INFO"].startswith("/stream"):
            self.streams.append(Stream())
            return self.streams[-1]
        if environ["PATH_INFO"] == "/console/login/":
            self.hashes.append(environ["REQUEST_METHOD"])
            assert self.go_on.wait(ENOUGH)
        return Whole([b"done"])


class Reader:
    """Takes so many messages of a response, and then no more until it is told to `go_on`."""

    def __init__(self, takes: int = 1) -> None:
        self.sent: list[Message] = []
        self.takes = takes
        self.stopped = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.left = asyncio.Event()

    async def send(self, message: Message) -> None:
        if len(self.sent) == self.takes:
            self.stopped.set()
            await self.goes_on.wait()
        self.sent.append(message)

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def stays(self) -> None:
        """Return when it reads no more."""
        await asyncio.wait_for(self.stopped.wait(), ENOUGH)


@asynccontextmanager
async def lane_of(application: Application) -> AsyncIterator[DjangoLane]:
    lane = DjangoLane(application)
    yield lane
    application.go_on.set()
    await asyncio.wait_for(lane.drain(), ENOUGH)


async def ask(lane: DjangoLane, method: str, path: str, *, is_stranger: bool = False) -> Reply:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    answer = lane.respond(http_scope(method, path), b"", send, is_stranger=is_stranger)
    await asyncio.wait_for(answer, ENOUGH)
    return reply_of(sent)


Scene = Callable[[DjangoLane, Application], Awaitable[None]]


def play(scene: Scene) -> None:
    async def run() -> None:
        application = Application()
        async with lane_of(application) as lane:
            await scene(lane, application)

    asyncio.run(run())


def read(lane: DjangoLane, reader: Reader, method: str = "GET") -> "asyncio.Task[None]":
    """Begin to read a stream."""
    scope = http_scope(method, "/stream")
    return asyncio.create_task(lane.respond(scope, b"", reader.send, reader.receive))


@asynccontextmanager
async def slow_readers(lane: DjangoLane, count: int) -> AsyncIterator[None]:
    """So many readers of streams who have stopped reading. At the end they read on."""
    readers = [Reader() for _ in range(count)]
    reading = [read(lane, reader) for reader in readers]
    for reader in readers:
        await reader.stays()
    yield
    for reader in readers:
        reader.goes_on.set()
    await asyncio.wait_for(asyncio.gather(*reading), ENOUGH)


def test_slow_readers_keep_no_request_waiting() -> None:
    async def scene(lane: DjangoLane, application: Application) -> None:
        async with slow_readers(lane, LONG):
            for _ in range(THREADS):
                assert await ask(lane, "GET", "/") == DONE

    play(scene)


def test_past_the_bound_a_stream_is_refused_and_closed() -> None:
    async def scene(lane: DjangoLane, application: Application) -> None:
        async with slow_readers(lane, LONG):
            for _ in range(THREADS + 1):  # none of them keeps a turn
                with pytest.raises(Unavailable):
                    await ask(lane, "GET", "/stream/2")
            assert await ask(lane, "GET", "/") == DONE
        assert (await ask(lane, "GET", "/stream")).body == b"123"
        # Django was asked once, to learn that the path streams.
        assert [len(stream.closed) for stream in application.streams] == [1] * (LONG + 1 + 1)

    play(scene)


def test_django_is_not_asked_for_what_cannot_be_streamed_now() -> None:
    async def scene(lane: DjangoLane, application: Application) -> None:
        async with slow_readers(lane, LONG):
            with pytest.raises(Unavailable):
                await ask(lane, "GET", "/stream")
        assert len(application.streams) == LONG

    play(scene)


def test_the_paths_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "MOST_PATHS", 1)

    async def scene(lane: DjangoLane, application: Application) -> None:
        async with slow_readers(lane, LONG):
            for _ in range(2):
                with pytest.raises(Unavailable):
                    await ask(lane, "GET", "/stream/2")
        assert len(application.streams) == LONG + 2

    play(scene)


def test_streams_make_their_pieces_one_after_another_and_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, rests = [0.0], list[float]()
    monkeypatch.setattr(streaming, "monotonic", lambda: now[0])
    monkeypatch.setattr(streaming, "sleep", rests.append)
    share = streaming.Share(0.25)

    def made() -> Iterator[bytes]:
        for piece, seconds in ((b"1", 0.1), (b"2", 10.0)):
            now[0] += seconds
            assert share._making.locked()
            yield piece

    pieces = share.pieces(made(), until=100.0)
    for _ in range(2):
        next(pieces)
        assert not share._making.locked()  # while a reader reads, others make theirs
    assert rests == [pytest.approx(0.3), streaming.MOST_REST_SECONDS]
    assert list(pieces) == []


def test_a_stream_whose_turn_does_not_come_in_time_is_cut() -> None:
    share = streaming.Share(0.25)
    with share._making, pytest.raises(ConnectionAbortedError, match=r"too long\.$"):
        next(share.pieces([b"1"], until=0.0))


def test_what_has_been_done_is_answered_also_past_the_bound() -> None:
    async def scene(lane: DjangoLane, application: Application) -> None:
        async with slow_readers(lane, LONG):
            assert (await ask(lane, "POST", "/stream")).body == b"123"

    play(scene)


def test_the_head_of_a_stream_and_an_empty_one_are_none() -> None:
    async def scene(lane: DjangoLane, application: Application) -> None:
        async with slow_readers(lane, LONG):
            assert (await ask(lane, "HEAD", "/stream")).body == b""
        assert (application.streams[-1].threads, len(application.streams[-1].closed)) == ([], 1)

    play(scene)


def test_a_stream_is_closed_in_its_thread_when_its_reader_leaves() -> None:
    """Granian takes what is sent to nobody, so that only `receive` tells."""

    async def scene(lane: DjangoLane, application: Application) -> None:
        reader = Reader(takes=2)
        reading = read(lane, reader)
        await reader.stays()
        reader.left.set()
        reader.goes_on.set()
        with pytest.raises(ConnectionAbortedError, match="has left"):
            await asyncio.wait_for(reading, ENOUGH)
        [stream] = application.streams
        assert (len(reader.sent), len(stream.threads)) == (3, 3)
        assert set(stream.closed) == set(stream.threads)

    play(scene)


def test_a_stream_ends_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However steadily its reader reads."""
    monkeypatch.setattr(streaming, "STREAM_SECONDS", 0.2)

    async def scene(lane: DjangoLane, application: Application) -> None:
        async def send(_: Message) -> None:
            await asyncio.sleep(0.11)

        with pytest.raises(ConnectionAbortedError, match="has taken too long"):
            await asyncio.wait_for(lane.respond(http_scope("GET", "/stream"), b"", send), ENOUGH)
        assert len(application.streams[0].closed) == 1

    play(scene)


def test_password_hashes_keep_no_request_waiting() -> None:
    async def scene(lane: DjangoLane, application: Application) -> None:
        count = 1 + HASHING_WAITING
        signing_in = [
            asyncio.create_task(ask(lane, "POST", "/console/login/")) for _ in range(count)
        ]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await ask(lane, "POST", "/console/login/")
        assert await ask(lane, "GET", "/") == DONE
        assert await ask(lane, "POST", "/console/logout/") == DONE
        assert application.hashes == ["POST"]
        application.go_on.set()
        assert await ask(lane, "GET", "/console/login/") == DONE
        lane._kinds.hashing._rest = 0  # they need not take a quarter of the time here
        assert await asyncio.gather(*signing_in) == [DONE] * count

    play(scene)


def test_strangers_keep_no_request_waiting() -> None:
    async def scene(lane: DjangoLane, application: Application) -> None:
        def knock() -> Awaitable[Reply]:
            return ask(lane, "POST", "/console/login/", is_stranger=True)  # takes as long as told

        knocking = [asyncio.ensure_future(knock()) for _ in range(1 + STRANGERS_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await knock()
        for _ in range(THREADS):
            assert await ask(lane, "GET", "/") == DONE
        assert application.hashes == ["POST"]  # of the strangers, one was let in
        application.go_on.set()
        lane._kinds.strangers._rest = 0  # they need not take a twentieth of the time here
        assert await asyncio.gather(*knocking) == [DONE] * (1 + STRANGERS_WAITING)

    play(scene)


def test_each_kind_has_its_share_of_the_time() -> None:
    """Together, what takes the interpreter leaves most of it to orders."""

    async def scene(lane: DjangoLane, application: Application) -> None:
        kinds = lane._kinds
        limited = [kinds.strangers, kinds.beginning, kinds.hashing]
        assert [turns._rest for turns in limited] == [19, 9, 3]
        assert lane._share._rest == 9
        assert [turns._rest for turns in (kinds.ordinary, kinds.long)] == [0, 0]

    play(scene)


def test_streams_begin_one_after_another() -> None:
    """Once it is known that their path streams."""

    async def scene(lane: DjangoLane, application: Application) -> None:
        assert (await ask(lane, "GET", "/stream")).body == b"123"
        async with lane._kinds.beginning.turn():
            waiting = [asyncio.create_task(ask(lane, "GET", "/stream")) for _ in range(LONG)]
            assert await ask(lane, "GET", "/") == DONE
            assert len(application.streams) == 1
            with pytest.raises(Unavailable):
                await ask(lane, "GET", "/stream")
            lane._kinds.beginning._rest = 0
        assert [reply.body for reply in await asyncio.gather(*waiting)] == [b"123"] * LONG

    play(scene)


@pytest.mark.django_db(transaction=True)
def test_no_connection_outlives_a_stream() -> None:
    """So that no snapshot of the database does, whatever becomes of the stream."""
    opened: list[Any] = []

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        connection.ensure_connection()
        opened.append(connection.connection)
        start_response("200 OK", [])
        return Stream()

    async def run() -> None:
        lane = DjangoLane(application)
        reader = Reader(takes=2)
        reading = read(lane, reader)
        await reader.stays()
        assert not is_closed(opened[0])
        reader.left.set()
        reader.goes_on.set()
        with pytest.raises(ConnectionAbortedError):
            await asyncio.wait_for(reading, ENOUGH)
        assert is_closed(opened[0])
        await lane.drain()

    asyncio.run(run())


def test_large_files_have_the_turns_of_streams() -> None:
    async def scene(lane: DjangoLane, application: Application) -> None:
        async with slow_readers(lane, LONG):
            file = io.BytesIO(b"large")
            with pytest.raises(Unavailable):
                await lane.respond(http_scope("POST", "/"), file, Reader(takes=9).send)
            assert file.closed

    play(scene)

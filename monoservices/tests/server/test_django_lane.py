"""A WSGI application behind ASGI: what it is given, and how its answers go out."""

import asyncio
import io
import tempfile
from collections.abc import Callable, Iterator
from threading import Event, get_ident
from typing import Any

import pytest
from django.db import connection

from monoservices.api.problems import Unavailable
from monoservices.server import kinds
from monoservices.server.asgi import Body, Message, Scope
from monoservices.server.django_lane import DjangoLane, WsgiApplication, environ
from tests.asgi import Reply, call, http_scope, messages_of, reply_of

Start = Callable[..., Any]
SECONDS = 10
"""After which a test that hangs fails."""


def values(*headers: tuple[str, str], body: bytes = b"", **changes: Any) -> dict[str, Any]:
    return environ(http_scope("POST", "/", headers) | changes, body)


def test_what_a_request_is_as_wsgi() -> None:
    scope = http_scope("POST", "/caf%C3%A9/%2F%FF", [("x-a", "\xe9")], query="a=%FF&b")
    made = environ(scope, b"body")
    assert made.pop("wsgi.input").read() == b"body"
    assert made.pop("wsgi.errors") is not None
    assert made == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/caf\xc3\xa9//\xff",
        "QUERY_STRING": "a=%FF&b",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "HTTP_X_A": "\xe9",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def test_a_path_is_raw_where_the_server_keeps_it() -> None:
    assert values(raw_path=b"/a%20b?c=d")["PATH_INFO"] == "/a b"
    assert values(raw_path=None, path="/ü")["PATH_INFO"] == "/\xc3\xbc"


def test_what_a_server_may_leave_out() -> None:
    made = values(server=None, client=None)
    assert (made["SERVER_NAME"], made["SERVER_PORT"], made["REMOTE_ADDR"]) == (
        "localhost",
        "80",
        "",
    )


def test_headers_that_come_twice_are_joined() -> None:
    made = values(("x-a", "1"), ("content-type", "a"), ("x-a", "2"), ("content-type", "b"))
    assert (made["HTTP_X_A"], made["CONTENT_TYPE"]) == ("1,2", "a,b")


def test_a_name_with_underscore_is_not_taken_for_one_with_a_hyphen() -> None:
    made = values(("x_forwarded_proto", "https"), ("content_length", "5"), ("x-a_b", "1"))
    assert {name for name in made if "FORWARDED" in name or "A_B" in name} == set()
    assert "CONTENT_LENGTH" not in made


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ([], None),
        ([("content-length", "4")], "4"),
        ([("content-length", "9")], "4"),
        ([("content-length", "4"), ("content-length", "4")], "4"),
        ([("transfer-encoding", "chunked")], "4"),
    ],
)
def test_a_body_that_was_announced_has_its_length(
    headers: list[tuple[str, str]], length: str | None
) -> None:
    assert values(*headers, body=b"body").get("CONTENT_LENGTH") == length


def test_the_length_of_a_file() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"body")
        file.seek(0)
        made = environ(http_scope("POST", "/", [("content-length", "4")]), file)
        assert (made["CONTENT_LENGTH"], made["wsgi.input"].read()) == ("4", b"body")


class Whole(list[bytes]):
    """A response as Django's are; it says when it was closed."""

    streaming = False

    def __init__(self, *parts: bytes) -> None:
        super().__init__(parts)
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class Stream(Whole):
    streaming = True


def answering(response: Any, status: str = "200 OK") -> WsgiApplication:
    def application(environ: dict[str, Any], start_response: Start) -> Any:
        start_response(status, [("X-Made-By", "\xe9")])
        return response

    return application


def ask(application: WsgiApplication) -> list[Message]:
    """What is sent in answer to one request."""

    async def run() -> list[Message]:
        lane = DjangoLane(application)
        try:
            return await messages_of(through(lane), http_scope("GET", "/"))
        finally:
            await lane.drain()

    return asyncio.run(asyncio.wait_for(run(), SECONDS))


def through(lane: DjangoLane, body: Body = b"") -> Any:
    async def application(scope: Scope, _: Any, send: Any) -> None:
        await lane.respond(scope, body, send)

    return application


def test_a_whole_answer_goes_out_at_once() -> None:
    response = Whole(b"a", b"", b"b")
    start = {"type": "http.response.start", "status": 404, "headers": [(b"x-made-by", b"\xe9")]}
    body = {"type": "http.response.body", "body": b"ab"}
    assert ask(answering(response, "404 Not Found")) == [start, body]
    assert response.closed == 1


def test_a_plain_list_is_a_stream_and_needs_no_close() -> None:
    assert reply_of(ask(answering([b"a", b"b"]))) == Reply(200, {"x-made-by": "\xe9"}, b"ab")


def test_a_stream_stays_one() -> None:
    """The second piece is made only when the first has been sent."""
    first_sent, closed = Event(), Event()

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            yield b"first"
            assert first_sent.wait(SECONDS)
            yield b"second"

        def close(self) -> None:
            closed.set()

    bodies: list[tuple[bytes, bool]] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            bodies.append((message["body"], message.get("more_body", False)))
            first_sent.set()

    async def run() -> None:
        lane = DjangoLane(answering(Pieces()))
        await lane.respond(http_scope("GET", "/"), b"", send)
        await lane.drain()

    asyncio.run(run())
    assert bodies == [(b"first", True), (b"second", True), (b"", False)]
    assert closed.is_set()


def test_a_stream_is_closed_where_its_reader_leaves() -> None:
    response = Stream(b"a", b"b")
    sent: list[str] = []

    async def send(message: Message) -> None:
        sent.append(message["type"])
        if len(sent) == 2:
            raise ConnectionResetError

    async def run() -> None:
        lane = DjangoLane(answering(response))
        with pytest.raises(ConnectionResetError):
            await lane.respond(http_scope("GET", "/"), b"", send)
        assert lane._kinds.ordinary._present == 0
        await lane.drain()

    asyncio.run(run())
    assert (sent, response.closed) == (["http.response.start", "http.response.body"], 1)


def test_a_fault_leaves_the_lane_as_it_was() -> None:
    def application(environ: dict[str, Any], start_response: Start) -> Any:
        raise ValueError(environ["PATH_INFO"])

    async def run() -> None:
        lane = DjangoLane(application)
        body = io.BytesIO()
        with pytest.raises(ValueError, match="/faulty"):
            await lane.respond(http_scope("POST", "/faulty"), body, None)  # type: ignore[arg-type]
        assert (body.closed, lane._kinds.ordinary._present) == (True, 0)
        await lane.drain()

    asyncio.run(run())


def test_past_the_bound_requests_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "THREADS", 1)
    monkeypatch.setattr(kinds, "WAITING", 2)
    monkeypatch.setattr(kinds, "LONG", 0)
    go_on = Event()
    asked: list[str] = []

    def application(environ: dict[str, Any], start_response: Start) -> Any:
        asked.append(environ["PATH_INFO"])
        assert go_on.wait(SECONDS)
        start_response("200 OK", [])
        return Whole(b"done")

    async def run() -> list[Reply]:
        lane = DjangoLane(application)
        tasks = [
            asyncio.create_task(call(through(lane), http_scope("GET", f"/{number}")))
            for number in range(3)
        ]
        await asyncio.sleep(0)  # lets each of them begin
        with pytest.raises(Unavailable):
            await call(through(lane), http_scope("GET", "/refused"))
        with pytest.raises(Unavailable):
            await call(through(lane, file), http_scope("POST", "/refused"))
        go_on.set()
        answered = await asyncio.gather(*tasks)
        answered.append(await call(through(lane), http_scope("GET", "/afterwards")))
        await lane.drain()
        return answered

    file = io.BytesIO(b"large")
    assert asyncio.run(run()) == [Reply(200, {}, b"done")] * 4
    assert file.closed
    assert asked == ["/0", "/1", "/2", "/afterwards"]


def test_what_has_begun_is_finished_before_the_threads_end() -> None:
    begun, go_on = Event(), Event()

    def application(environ: dict[str, Any], start_response: Start) -> Any:
        begun.set()
        assert go_on.wait(SECONDS)
        start_response("200 OK", [])
        return Whole(b"done")

    async def run() -> Reply:
        lane = DjangoLane(application)
        task = asyncio.create_task(call(through(lane), http_scope("GET", "/")))
        assert await asyncio.to_thread(begun.wait, SECONDS)
        drained = asyncio.create_task(lane.drain())
        await asyncio.sleep(0)
        assert not drained.done()
        go_on.set()
        await drained
        return await task

    assert asyncio.run(run()) == Reply(200, {}, b"done")


@pytest.mark.django_db(transaction=True)
def test_the_threads_close_their_connections() -> None:
    """Each of them, however many have been used."""
    opened: dict[int, Any] = {}
    all_here = Event()

    def application(environ: dict[str, Any], start_response: Start) -> Any:
        connection.ensure_connection()
        opened[get_ident()] = connection.connection
        if len(opened) == 3:
            all_here.set()
        assert all_here.wait(SECONDS)
        start_response("200 OK", [])
        return Whole()

    async def run() -> None:
        lane = DjangoLane(application)
        await asyncio.gather(*(call(through(lane), http_scope("GET", "/")) for _ in range(3)))
        await lane.drain()

    asyncio.run(run())
    assert [is_closed(each) for each in opened.values()] == [True] * 3


def is_closed(opened: Any) -> bool:
    """Whether a connection of either database's driver is closed."""
    if connection.vendor == "postgresql":
        return bool(opened.closed)
    try:
        opened.total_changes  # noqa: B018 - which a closed one refuses
    except Exception as error:
        return "closed" in str(error)
    return False

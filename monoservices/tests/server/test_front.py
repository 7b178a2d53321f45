"""The front: which requests are answered where, and its beginning and end."""

import asyncio
import gc
from collections.abc import Sequence
from typing import Any, cast

import pytest
from django.core.exceptions import PermissionDenied

from monoservices.api.hot_routes import HotRequest, HotRoute
from monoservices.api.problems import Conflict, InvalidKey, Unavailable
from monoservices.api.whole_response import WholeResponse
from monoservices.server import body, express_lane, front, holding, refusing
from monoservices.server.asgi import Headers, Message
from monoservices.server.callers import HeldKey
from monoservices.server.express_lane import ServedRoute
from monoservices.server.front import Front
from monoservices.server.kinds import THREADS, WAITING
from monoservices.server.pacing import Throttle
from monoservices.server.worker import GARBAGE
from monoservices.services.scopes import Caller, Check
from tests.asgi import Reply, call, http_scope, messages_of, request_parts

NOTES = "/api/v1/notes/"
JSON = [("content-type", "application/json"), ("content-length", "2")]
COMMON = {"x-common": "1"}
KEY = HeldKey("digest", Caller(1, frozenset({"notes:write"})))
BY_DJANGO = Reply(200, COMMON, b"by Django")


class Route(HotRoute[str, WholeResponse]):
    """Answers what it is told to, or leaves every request to Django."""

    method, url_name, queue = "POST", "notes", "notes"

    def __init__(self, outcome: WholeResponse | Exception | None) -> None:
        self.outcome = outcome
        self.drained = 0
        self.threshold = 0
        self.requests: list[HotRequest] = []

    def parse(self, request: HotRequest) -> str | None:
        self.requests.append(request)
        return None if self.outcome is None else "item"

    def carry_out(
        self, items: Sequence[str], check: Check | None = None
    ) -> Sequence[WholeResponse | None]:
        raise AssertionError

    def answer(self, item: str, outcome: WholeResponse) -> WholeResponse:
        return outcome


class Batches:
    """Stands for batches of a route: each item gets its outcome at once."""

    def __init__(self, route: Route) -> None:
        self._route = route

    async def submit(self, route: Route, item: str, key: HeldKey) -> Any:
        assert (route, item, key) == (self._route, "item", KEY)
        if isinstance(route.outcome, Exception):
            raise route.outcome
        return route.outcome

    async def drain(self) -> None:
        self._route.drained += 1
        self._route.threshold = gc.get_threshold()[0]


class Callers:
    """Knows one key, which every request has."""

    async def find(self, authorization: str) -> HeldKey:
        return KEY

    def remembered(self, authorization: str) -> Caller:
        return KEY.caller

    async def drain(self) -> None:
        pass


class Django:
    """A WSGI application; it remembers the bodies that it got."""

    class Whole(list[bytes]):
        streaming = False

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.bodies.append(environ["wsgi.input"].read())
        start_response("200 OK", [("X-Common", "1")])
        return self.Whole([b"by Django"])


@pytest.fixture
def django() -> Django:
    return Django()


def ask(
    django: Django,
    route: Route,
    *requests: tuple[Any, tuple[bytes, ...]],
) -> list[Reply]:
    """The answers of a front with this one route, which is drained at the end."""

    async def run() -> list[Reply]:
        front = front_of(django, route)
        replies = [await call(front, scope, *parts) for scope, parts in requests]
        await messages_of(front, {"type": "lifespan"}, {"type": "lifespan.shutdown"})
        return replies

    replies = asyncio.run(run())
    assert route.drained == 1
    return replies


def front_of(django: Django, route: Route) -> Front:
    front = Front(django)
    front.callers = cast("Any", Callers())
    headers: dict[bool, Headers | None] = {False: [(b"x-common", b"1")], True: None}
    front.express.routes = {("POST", NOTES): ServedRoute(route, NOTES, "notes:write", headers)}
    front.express.batches = cast("Any", Batches(route))
    return front


def post(**scope: Any) -> Any:
    return http_scope("POST", NOTES, JSON) | scope


def test_a_clean_request_is_answered_on_the_express_lane(django: Django) -> None:
    route = Route(WholeResponse(201, b"fast"))
    replies = ask(django, route, *[(post(), (b"{", b"}"))] * 2)
    headers = {"content-type": "application/json", "content-length": "4"}
    assert replies == [Reply(201, headers | COMMON, b"fast")] * 2
    location = f"http://localhost{NOTES}"
    assert route.requests == [HotRequest(KEY.caller, body=b"{}", location=location)] * 2
    assert django.bodies == []


def test_what_the_route_declines_goes_to_django_with_its_body(django: Django) -> None:
    assert ask(django, Route(None), (post(), (b"{", b"}"))) == [BY_DJANGO]
    assert django.bodies == [b"{}"]


@pytest.mark.parametrize(
    "scope",
    [
        post(method="PUT"),
        post(path=NOTES + "1/", raw_path=b"/api/v1/notes/1/"),
        post(query_string=b"a"),
        post(scheme="https"),  # the front above has no common headers for it
        http_scope("POST", NOTES, JSON[1:]),
    ],
)
def test_what_is_not_clean_or_not_hot_goes_to_django(django: Django, scope: Any) -> None:
    route = Route(WholeResponse(201, b"fast"))
    assert ask(django, route, (scope, (b"{}",))) == [BY_DJANGO]
    assert (route.requests, django.bodies) == ([], [b"{}"])


def test_a_body_in_a_file_goes_to_django(django: Django, monkeypatch: pytest.MonkeyPatch) -> None:
    async def is_known(*_: Any) -> bool:
        return True

    monkeypatch.setattr(front, "is_known", is_known)
    monkeypatch.setattr(holding, "IN_MEMORY", 1)
    route = Route(WholeResponse(201, b"fast"))
    parts = (b"{", b" " * body.SMALL, b"}")
    chunked = http_scope("POST", NOTES, [JSON[0], ("transfer-encoding", "chunked")])
    assert ask(django, route, (chunked, parts)) == [BY_DJANGO]
    assert (route.requests, django.bodies) == ([], [b"".join(parts)])


@pytest.mark.parametrize(
    ("error", "status", "code", "logged"),
    [
        (Conflict("Not now."), 409, b'"code":"conflict"', 0),
        (PermissionDenied(), 403, b'"code":"permission_denied"', 0),
        (ValueError("secret"), 500, b'"code":"internal_error"', 1),
    ],
)
def test_what_a_route_raises_is_answered_as_a_problem(
    django: Django,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: int,
    code: bytes,
    logged: int,
) -> None:
    [reply] = ask(django, Route(error), (post(), (b"{}",)))
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert reply.headers["x-common"] == "1"
    assert code in reply.body
    assert b"secret" not in reply.body
    said = [each.getMessage() for each in caplog.records if each.name == refusing.__name__]
    assert said == [f"POST {NOTES} failed"] * logged


@pytest.mark.parametrize(
    ("outcome", "turns"),
    [(Unavailable(), 1), (InvalidKey(), 1), (Conflict(), 0), (WholeResponse(201, b""), 0)],
)
def test_what_clients_repeat_at_once_keeps_to_its_pace(
    django: Django, turns_taken: list[Throttle], outcome: WholeResponse | Exception, turns: int
) -> None:
    ask(django, Route(outcome), (post(), (b"{}",)))
    assert len(turns_taken) == turns


@pytest.mark.parametrize("scope", [post(), http_scope("GET", "/full")], ids=["express", "django"])
def test_a_refusal_waits_for_its_turn(
    django: Django, monkeypatch: pytest.MonkeyPatch, scope: Any
) -> None:
    events: list[str] = []

    async def turn(_: Throttle, **__: float) -> None:
        events.append("turn")

    async def receive() -> Message:
        return request_parts(b"{}")[0]

    async def send(message: Message) -> None:
        events.append(message["type"])

    async def run() -> None:
        front = front_of(django, Route(Unavailable()))
        monkeypatch.setattr(front._django._kinds.ordinary, "_present", THREADS + WAITING)
        await front(scope, receive, send)

    monkeypatch.setattr(Throttle, "wait", turn)
    asyncio.run(run())
    assert events == ["turn", "http.response.start", "http.response.body"]


@pytest.mark.parametrize(
    ("headers", "parts"),
    [
        ([("content-length", "11")], ()),
        ([("transfer-encoding", "chunked")], (b"x" * 6, b"x" * 5)),
    ],
)
def test_too_large_a_body_reaches_no_lane(
    django: Django, settings: Any, headers: list[tuple[str, str]], parts: tuple[bytes, ...]
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    route = Route(WholeResponse(201, b"fast"))
    [reply] = ask(django, route, (http_scope("POST", NOTES, headers), parts))
    assert (reply.status, reply.headers["connection"]) == (413, "close")
    assert reply.headers["content-type"] == "application/problem+json"
    assert b'"code":"too_large"' in reply.body
    assert (route.requests, django.bodies) == ([], [])


def test_too_slow_a_body_reaches_no_lane(django: Django, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "SECONDS", 0.01)
    route = Route(WholeResponse(201, b"fast"))
    sent: list[Message] = []

    async def receive() -> Message:
        return await asyncio.Future()

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(front_of(django, route)(post(), receive, send))
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert b'"code":"request_timeout"' in sent[1]["body"]
    assert (route.requests, django.bodies) == ([], [])


@pytest.mark.parametrize(
    ("error", "status", "logged"),
    [(InvalidKey(), 401, 0), (Unavailable(), 503, 0), (ValueError("secret"), 500, 1)],
)
def test_who_may_not_send_a_large_body_reaches_no_lane(
    django: Django,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    turns_taken: list[Throttle],
    error: Exception,
    status: int,
    logged: int,
) -> None:
    async def is_known(*_: Any) -> bool:
        raise error

    monkeypatch.setattr(front, "is_known", is_known)
    route = Route(WholeResponse(201, b"fast"))
    scope = http_scope("POST", NOTES, [JSON[0], ("content-length", str(body.SMALL + 1))])
    [start, sent] = asyncio.run(messages_of(front_of(django, route), scope))
    assert (start["status"], (b"connection", b"close") in start["headers"]) == (status, True)
    assert b"secret" not in sent["body"]
    assert (route.requests, django.bodies) == ([], [])
    assert len(turns_taken) == (status in {401, 503})
    said = [each.getMessage() for each in caplog.records if each.name == refusing.__name__]
    assert said == [f"POST '{NOTES}' failed"] * logged


def test_a_body_that_ends_early_reaches_no_lane(django: Django) -> None:
    route = Route(WholeResponse(201, b"fast"))
    first = request_parts(b"{", b"}")[0]
    gone = {"type": "http.disconnect"}
    [start, sent] = asyncio.run(messages_of(front_of(django, route), post(), first, gone))
    assert (start["status"], (b"connection", b"close") in start["headers"]) == (400, True)
    assert b'"code":"malformed"' in sent["body"]
    assert (route.requests, django.bodies) == ([], [])


def test_the_lifespan(django: Django) -> None:
    route = Route(None)
    events: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = asyncio.run(messages_of(front_of(django, route), {"type": "lifespan"}, *events))
    assert sent == [
        {"type": "lifespan.startup.complete"},
        {"type": "lifespan.shutdown.complete"},
    ]
    assert (route.drained, route.threshold) == (1, GARBAGE)


def test_what_cannot_be_loaded_is_not_served(
    django: Django, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def hot_routes() -> Any:
        raise ImportError("no such module")

    monkeypatch.setattr(express_lane, "hot_routes", hot_routes)
    events: list[Message] = [{"type": "lifespan.startup"}]
    sent = asyncio.run(messages_of(Front(django), {"type": "lifespan"}, *events))
    assert sent == [{"type": "lifespan.startup.failed"}]
    assert [each.getMessage() for each in caplog.records] == ["The application cannot be loaded."]
    assert "no such module" in caplog.text


@pytest.mark.parametrize("outcome", [WholeResponse(201, b"fast"), None, ValueError()])
def test_a_large_body_is_given_up_when_it_is_answered(django: Django, outcome: Any) -> None:
    async def run() -> None:
        front = front_of(django, Route(outcome))
        for _ in range(3):
            scope = http_scope("POST", NOTES, [JSON[0], ("transfer-encoding", "chunked")])
            await call(front, scope, b"{" + b" " * body.SMALL, b"}")
        room = front._intake.strangers
        assert room.memory == body.STRANGERS_MEMORY
        await messages_of(front, {"type": "lifespan"}, {"type": "lifespan.shutdown"})

    asyncio.run(run())

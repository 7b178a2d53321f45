"""Call the ASGI front in this process, as an ASGI server does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from django.core.handlers.wsgi import WSGIHandler

from monoservices.api.http import Utf8Request
from monoservices.server.asgi import Message, Scope
from monoservices.server.django_lane import WsgiApplication
from monoservices.server.front import Front

Application = Callable[[Scope, Any, Any], Awaitable[None]]


class Reply(NamedTuple):
    """A response. headers: by lower-case name, but for the id of a request that is refused."""

    status: int
    headers: dict[str, str]
    body: bytes


def http_scope(
    method: str,
    path: str,
    headers: Iterable[tuple[str, str]] = (),
    *,
    query: str = "",
    scheme: str = "http",
) -> dict[str, Any]:
    """The scope of a request. path: percent-encoded. The host is localhost unless headers say."""
    sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if all(name != b"host" for name, _ in sent):
        sent.insert(0, (b"host", b"localhost"))
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": sent,
        "http_version": "1.1",
        "scheme": scheme,
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50_000),
    }


def request_parts(*parts: bytes) -> list[Message]:
    """The messages of a body in parts."""
    last = len(parts) - 1
    return [
        {"type": "http.request", "body": part, "more_body": index < last}
        for index, part in enumerate(parts)
    ]


async def messages_of(application: Application, scope: Scope, *received: Message) -> list[Message]:
    """What the application sends after it receives exactly these messages. The client stays."""
    to_receive, sent = iter(received), []

    async def receive() -> Message:
        for message in to_receive:
            return message
        return await asyncio.Future()

    async def send(message: Message) -> None:
        sent.append(message)

    await application(scope, receive, send)
    return sent


async def call(application: Application, scope: Scope, *parts: bytes) -> Reply:
    """The response to a request whose body arrives in these parts."""
    return reply_of(await messages_of(application, scope, *request_parts(*parts or (b"",))))


def reply_of(sent: list[Message]) -> Reply:
    start, *bodies = sent
    assert start["type"] == "http.response.start"
    assert [each.get("more_body", False) for each in bodies] == [True] * (len(bodies) - 1) + [False]
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]
    ]
    named = dict(headers)
    assert len(named) == len(headers)
    if start["status"] >= 400:
        named.pop("x-request-id", None)
    return Reply(start["status"], named, b"".join(each["body"] for each in bodies))


async def post_order(front: Application, body: bytes, secret: str | None, **headers: str) -> Reply:
    """The response to an order. headers: named as in Python; they override the usual ones."""
    usual = {"content_type": "application/json", "content_length": str(len(body))}
    if secret is not None:
        usual["authorization"] = f"Bearer {secret}"
    named = with_hyphens(usual | headers)
    return await call(front, http_scope("POST", "/api/v1/orders/", named.items()), body)


def with_hyphens(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def new_django() -> "Spied":
    """A new WSGI application with the current settings."""
    application = WSGIHandler()
    application.request_class = Utf8Request
    return Spied(application)


class Asked(NamedTuple):
    """A request to a WSGI application. length: its Content-Length, or None."""

    method: str
    path: str
    length: str | None


class Spied:
    """A WSGI application that records its requests."""

    def __init__(self, application: WsgiApplication) -> None:
        self.asked: list[Asked] = []
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        length = environ.get("CONTENT_LENGTH")
        self.asked.append(Asked(environ["REQUEST_METHOD"], environ["PATH_INFO"], length))
        return self._application(environ, start_response)


@asynccontextmanager
async def serving(django: WsgiApplication) -> AsyncIterator[Front]:
    """Run a front during the block. Its end is the lifespan protocol's shutdown."""
    front = Front(django)
    try:
        yield front
    finally:
        await messages_of(front, {"type": "lifespan"}, {"type": "lifespan.shutdown"})

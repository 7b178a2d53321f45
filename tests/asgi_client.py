"""Requests to an ASGI application in this process, by the protocol itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monoservices.asgi import Message
from monoservices.express import Front


@dataclass
class AsgiAnswer:
    """What was sent. pieces: of the body, as they came."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    unread: int = 0
    """How many parts of the request's body were not asked for."""

    @property
    def content(self) -> bytes:
        return b"".join(self.pieces)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): text.decode() for name, text in message["headers"]}
        elif message["body"]:
            self.pieces.append(message["body"])


async def ask(
    front: Front, method: str, path: str, parts: Sequence[bytes] = (), **headers: str
) -> AsgiAnswer:
    """The answer to a request whose body comes in `parts`.

    headers: as in Python, `content_type="text/csv"`. The body is chunked unless they have a
    `content_length`.
    """
    answer = AsgiAnswer(unread=len(parts))
    messages = _messages(parts)

    async def receive() -> Message:
        answer.unread = max(0, answer.unread - 1)
        return next(messages)

    await front(_scope(method, path, bool(parts), headers), receive, answer.send)
    return answer


def _messages(parts: Sequence[bytes]) -> Iterator[Message]:
    for number, part in enumerate(parts, 1):
        yield {"type": "http.request", "body": part, "more_body": number < len(parts)}
    yield {"type": "http.disconnect"}


def _scope(method: str, path: str, has_body: bool, headers: Mapping[str, str]) -> dict[str, Any]:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    if has_body and "content-length" not in named:
        named["transfer-encoding"] = "chunked"
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [
            (name.encode(), text.encode()) for name, text in {"host": "localhost", **named}.items()
        ],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8000),
    }


async def end(front: Front) -> None:
    """The end of the server's life: what has begun is finished."""

    async def receive() -> Message:
        return {"type": "lifespan.shutdown"}

    async def send(message: Message) -> None:
        assert message == {"type": "lifespan.shutdown.complete"}

    await front({"type": "lifespan"}, receive, send)

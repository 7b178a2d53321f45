"""Streamed answers of a WSGI application: sent as they are made, and as far as they are read."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import StreamingHttpResponse

from monoservices.server.asgi import Message
from monoservices.server.django_lane import DjangoLane

SCOPE = {
    "method": "GET",
    "path": "/",
    "query_string": b"",
    "http_version": "1.1",
    "scheme": "http",
    "headers": [],
}


def answer(respond: Callable[[], Any], events: list[str], *, taken: int = 100) -> list[Message]:
    """What is sent of the response; `events` gets what happens, in its order.

    taken: how many messages the reader takes, before it stops reading.
    """

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        response = respond()
        start_response("200 OK", list(response.items()))
        return response

    sent: list[Message] = []

    async def send(message: Message) -> None:
        if len(sent) == taken:
            await asyncio.Event().wait()
        sent.append(message)
        events.append(f"sent {message.get('body', b'start').decode()}")

    async def run() -> None:
        lane = DjangoLane(application)
        await lane.respond(SCOPE, b"", send)
        await lane.drain()

    asyncio.run(run())
    return sent


def test_a_stream_is_sent_piece_by_piece_as_it_is_made() -> None:
    events: list[str] = []

    def pieces() -> Iterator[bytes]:
        for piece in (b"1", b"2"):
            events.append(f"made {piece.decode()}")
            yield piece
        events.append("ended")

    sent = answer(lambda: StreamingHttpResponse(pieces()), events)
    assert events == ["sent start", "made 1", "sent 1", "made 2", "sent 2", "ended", "sent "]
    assert [message.get("more_body", False) for message in sent[1:]] == [True, True, False]


def test_a_stream_that_breaks_off_is_not_ended() -> None:
    events: list[str] = []

    def pieces() -> Iterator[bytes]:
        yield b"1"
        raise OSError("away")

    with pytest.raises(OSError, match=r"^away$"):
        answer(lambda: StreamingHttpResponse(pieces()), events)
    assert events == ["sent start", "sent 1"]


def test_a_reader_that_stops_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monoservices.server.streaming.READER_SECONDS", 0.01)
    events: list[str] = []

    def pieces() -> Iterator[bytes]:
        try:
            yield from [b"1", b"2", b"3"]
        finally:
            events.append("closed")

    with pytest.raises(ConnectionAbortedError, match=r"^The reader of a stream has stopped\.$"):
        answer(lambda: StreamingHttpResponse(pieces()), events, taken=2)
    assert events == ["sent start", "sent 1", "closed"]

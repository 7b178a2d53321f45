"""Whole responses, as messages of ASGI."""

import asyncio
from typing import Any

from monoservices.api.problems import InvalidKey
from monoservices.api.whole_response import WholeResponse
from monoservices.server.asgi import send_response
from tests.asgi import Reply, messages_of, reply_of


def reply(response: WholeResponse, *more: tuple[bytes, bytes]) -> Reply:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send_response(send, response, more)

    return reply_of(asyncio.run(messages_of(application, {"type": "http"})))


def test_an_answer_is_sent_with_its_headers() -> None:
    response = WholeResponse(201, "ü".encode(), headers={"Idempotent-Replayed": "true"})
    assert reply(response, (b"allow", b"POST")) == (
        201,
        {
            "content-type": "application/json",
            "content-length": "2",
            "allow": "POST",
            "idempotent-replayed": "true",
        },
        "ü".encode(),
    )


def test_a_problem_is_answered_as_one() -> None:
    status, headers, body = reply(
        WholeResponse.from_problem(InvalidKey(headers={"WWW-Authenticate": "X"}))
    )
    assert (status, headers) == (
        401,
        {
            "content-type": "application/problem+json",
            "content-length": str(len(body)),
            "www-authenticate": "X",
        },
    )
    assert body.startswith(b'{"type":"/problems/invalid_key/","title":"Unauthorized","status":401')

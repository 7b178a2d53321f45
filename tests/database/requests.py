"""Requests to a front whose threads have connections of their own, as on a server."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apps.accounts.operations import issue_key
from apps.accounts.scopes import known_scopes
from monoservices.server.django_lane import DjangoLane
from monoservices.server.front import Front
from tests.asgi import Reply, call, http_scope, messages_of, new_django, reply_of

SECONDS = 30
"""After which a test that hangs fails."""


class Shop:
    """A front, and the key of a client with every scope."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self.front = Front(new_django())
        self._lane = DjangoLane(new_django())
        self.new_key()

    def new_key(self) -> None:
        """Use another key, whose use nobody has noted yet."""
        self._secret = issue_key(client_name="shop", scopes=known_scopes()).secret

    def send(
        self, method: str, path: str, data: Any = None, *, key: str = "", express: bool = True
    ) -> Reply:
        """The response to one request. path: below /api/v1/. express: whether it may be express."""
        return self.send_all((method, path, data, key), express=express)[0]

    def send_all(self, *sent: tuple[str, str, Any, str], express: bool = True) -> list[Reply]:
        """The responses to requests at the same time."""

        async def run() -> list[Reply]:
            return await asyncio.gather(*(self._send(*each, express=express) for each in sent))

        return self._runner.run(asyncio.wait_for(run(), SECONDS))

    async def _send(self, method: str, path: str, data: Any, key: str, *, express: bool) -> Reply:
        body = b"" if data is None else json.dumps(data).encode()
        headers = {
            "authorization": f"Bearer {self._secret}",
            "content-type": "application/json",
            "content-length": str(len(body)),
        }
        if key:
            headers["idempotency-key"] = key
        scope = http_scope(method, f"/api/v1/{path}", headers.items())
        if express:
            return await call(self.front, scope, body)
        messages: list[Any] = []

        async def send(message: Any) -> None:
            messages.append(message)

        await self._lane.respond(scope, body, send)
        return reply_of(messages)

    async def end(self) -> None:
        await messages_of(self.front, {"type": "lifespan"}, {"type": "lifespan.shutdown"})
        await self._lane.drain()


@contextmanager
def open_shop() -> Iterator[Shop]:
    with asyncio.Runner() as runner:
        shop = Shop(runner)
        try:
            yield shop
        finally:
            runner.run(shop.end())


def problem(reply: Reply) -> tuple[int, str]:
    """(status, code) of a problem document."""
    assert reply.headers["content-type"] == "application/problem+json", reply
    return reply.status, json.loads(reply.body)["code"]

"""A client of the API that retries after a 503 or a lost response."""

import asyncio
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec

TRIES = 10
TIMEOUT_SECONDS = 60.0


class ReplayError(Exception):
    """The server does not do what a replay needs. The message says what."""


class Response(msgspec.Struct, frozen=True):
    """A final response. replayed: whether the server had already handled the request."""

    status: int
    body: bytes
    replayed: bool

    def decode(self) -> Any:
        """Decode the JSON body."""
        return msgspec.json.decode(self.body)


class Client:
    """Connections to the API of one server.

    url: of the server, such as http://127.0.0.1:8000. key: an API key.
    """

    def __init__(self, url: str, key: str, *, connections: int) -> None:
        self._api = f"{url.rstrip('/')}/api/v1/"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            headers={"Authorization": f"Bearer {key}"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
        """Send an idempotent request, and retry it until the response is not 503.

        headers: with `_` for `-`. Raises ReplayError after TRIES failures.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        problem = ""
        for attempt in range(TRIES):
            try:
                async with self._session.request(
                    method, self._api + path, data=body or None, headers=named
                ) as response:
                    content = await response.read()
                    replayed = response.headers.get("Idempotent-Replayed") == "true"
                    if response.status != 503:
                        return Response(response.status, content, replayed)
                    problem = content.decode(errors="replace")
            except (aiohttp.ClientError, TimeoutError) as error:
                problem = str(error) or type(error).__name__
            await asyncio.sleep(min(2.0, 0.05 * 2**attempt))
        raise ReplayError(f"{method} {path} failed {TRIES} times: {problem}")

    async def expect(self, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
        """Send a request. Raises ReplayError if the status is not 200."""
        response = await self.send(method, path, body, **headers)
        if response.status != 200:
            text = response.body.decode(errors="replace")
            raise ReplayError(f"{method} {path} got {response.status}: {text}")
        return response

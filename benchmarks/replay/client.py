"""The API's client: requests that are sent again where the first answer was lost or "later"."""

import asyncio
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec

TRIES = 10
TIMEOUT_SECONDS = 60.0


class ReplayError(Exception):
    """The server does not do what a replay needs; the message says what."""


class Answer(msgspec.Struct, frozen=True):
    """What the server answered in the end. replayed: whether the request was known to it."""

    status: int
    body: bytes
    replayed: bool

    def decode(self) -> Any:
        """The JSON of the body."""
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

    async def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Send until there is an answer other than 503; only what can safely be sent again.

        headers: with `_` for `-`. Raises ReplayError where none comes.
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
                        return Answer(response.status, content, replayed)
                    problem = content.decode(errors="replace")
            except (aiohttp.ClientError, TimeoutError) as error:
                problem = str(error) or type(error).__name__
            await asyncio.sleep(min(2.0, 0.05 * 2**attempt))
        raise ReplayError(f"{method} {path} failed {TRIES} times: {problem}")

    async def expect(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """`send`, where anything but 200 is the end. Raises ReplayError."""
        answer = await self.send(method, path, body, **headers)
        if answer.status != 200:
            text = answer.body.decode(errors="replace")
            raise ReplayError(f"{method} {path} was answered {answer.status}: {text}")
        return answer

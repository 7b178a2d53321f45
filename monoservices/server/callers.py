"""Who holds the keys of express requests, as of when each key was last looked up.

Keys are looked up in batches of their own: however many unknown keys come, they take no place from
the requests of known clients. A key may change after it was looked up, so the transaction that does
the work looks it up again (`Callers.check`).
"""

from collections.abc import Callable, Mapping, Sequence

from django.db import connections
from msgspec import Struct

from monoservices.api.access import KeyAuthentication
from monoservices.api.problems import InvalidKey
from monoservices.database.retrying import unwrap, with_retries
from monoservices.server.batching import Batcher
from monoservices.services.scopes import Caller, Check

BATCH = 128
WAITING = 1024
MAX_WAIT_SECONDS = 5.0
REMEMBERED = 10_000
"""How many keys are remembered."""


class HeldKey(Struct, frozen=True):
    """A key, by the digest of its secret, and who held it when it was last looked up."""

    digest: str
    caller: Caller


class KeyChanged(Exception):
    """A key was revoked, or its scopes changed, since it was looked up. Nothing was done."""


class Callers:
    """Finds out who holds a key. Use it in one event loop.

    keys: how the project's API keys are read and looked up.
    """

    def __init__(self, keys: type[KeyAuthentication]) -> None:
        self._keys = keys
        self._remembered: dict[str, HeldKey] = {}
        self._look_ups = Batcher(
            with_retries(self._look_up),
            at_end=connections.close_all,
            size=BATCH,
            limit=WAITING,
            max_wait_seconds=MAX_WAIT_SECONDS,
            name="keys",
        )

    async def find(self, authorization: str, *, anew: bool = False) -> HeldKey | None:
        """Return the key of an Authorization header, or None if the header has no bearer key.

        anew: look the key up even if it is remembered.
        Raises InvalidKey if the key is unknown or revoked, Unavailable, and database errors.
        """
        digest = self._keys.bearer_digest(authorization)
        if digest is None:
            return None
        key = None if anew else self._remembered.get(digest)
        if key is None:
            caller = unwrap(await self._look_ups.submit(digest, client=digest))
            if caller is None:
                raise InvalidKey(headers={"WWW-Authenticate": self._keys.challenge})
            key = HeldKey(digest, caller)
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[digest] = key
        return key

    def remembered(self, authorization: str) -> Caller | None:
        """Who held the key of an Authorization header when it was last looked up, if it was."""
        digest = self._keys.bearer_digest(authorization)
        key = None if digest is None else self._remembered.get(digest)
        return None if key is None else key.caller

    def check(self, keys: Sequence[HeldKey]) -> Check:
        """What asks, in one statement, which of these keys are still what they were."""

        def ask() -> Callable[[], list[bool]]:
            read = self._keys.ask_for_callers(digests={key.digest for key in keys})
            return lambda: _unchanged(keys, read())

        return ask

    async def drain(self) -> None:
        """Return when every key is looked up. Ask for none any more."""
        await self._look_ups.drain()

    def _look_up(self, digests: Sequence[str]) -> list[Caller | None]:
        """The holders of keys; None for a key that is unknown or revoked."""
        callers = self._keys.find_callers(digests=set(digests))
        return [callers.get(digest) for digest in digests]


def _unchanged(keys: Sequence[HeldKey], callers: Mapping[str, Caller]) -> list[bool]:
    return [callers.get(key.digest) == key.caller for key in keys]

"""The kinds of requests that Django answers. Each has turns of its own.

- THREADS ordinary requests run at a time.
- A stranger sends a request whose key is missing or not valid. One such request runs at a time, and
  for STRANGERS_SHARE of the time at most, so that strangers do not slow down orders.
- One request that hashes a password runs at a time, and for HASHING_SHARE of the time at most: a
  hash is made to take the whole of a core. The services declare these requests, see
  `monoservices.services.config.ServiceConfig.hashes_passwords`.
- LONG requests run at a time that read a large file or whose response is a stream. Where a path has
  streamed before, one stream begins at a time, and for STREAMING_SHARE of the time at most; Django
  is not asked while nothing more can be streamed.
"""

from contextlib import suppress
from functools import cached_property

from django.urls import Resolver404, resolve

from monoservices.api.problems import Unavailable
from monoservices.server.asgi import Body, Scope
from monoservices.server.turns import Turn, Turns
from monoservices.services.config import served_services

THREADS = 4
"""How many ordinary requests run at a time in each worker process."""
WAITING = 256
"""How many ordinary requests may wait for their turn."""
STRANGERS_SHARE = 0.05
"""The part of the time during which Django refuses strangers in each worker process. Their keys are
looked up before, so a refusal takes twice that."""
STRANGERS_WAITING = 64
"""How many strangers may wait for their turn."""
HASHING_SHARE = 0.25
"""The part of a core that password hashes may take in each worker process."""
HASHING_WAITING = 16
"""How many requests that hash a password may wait for their turn."""
MOST_PATHS = 100
"""How many paths that have streamed are remembered."""
LONG = 4
"""How many large files and streams are under way at a time in each worker process."""
STREAMING_SHARE = 0.1
"""The part of the time during which each worker process makes pieces of streams."""
MOST_AT_ONCE = THREADS + 1 + 1 + 1 + LONG
"""How many requests have a turn at most. Each has a thread with a connection to the database."""


class Kinds:
    """Knows the kind of a request. Use it in one event loop."""

    def __init__(self) -> None:
        self.ordinary = Turns(THREADS, waiting=WAITING)
        self.strangers = Turns(1, waiting=STRANGERS_WAITING, share=STRANGERS_SHARE)
        self.hashing = Turns(1, waiting=HASHING_WAITING, share=HASHING_SHARE)
        self.beginning = Turns(1, waiting=LONG, share=STREAMING_SHARE)
        self.long = Turns(LONG, waiting=0)
        self._streaming_paths: set[str] = set()

    def turns_of(self, scope: Scope, body: Body, *, is_stranger: bool) -> Turns:
        """The turns that a request takes. Raises Unavailable if nothing more can be streamed."""
        if not isinstance(body, bytes):
            return self.long
        if is_stranger:
            return self.strangers
        if scope["method"] == "GET" and scope["path"] in self._streaming_paths:
            self.long.refuse_if_full()
            return self.beginning
        if scope["method"] == "POST" and self._hashing_urls:
            with suppress(Resolver404):
                if resolve(scope["path"]).view_name in self._hashing_urls:
                    return self.hashing
        return self.ordinary

    async def become_long(self, scope: Scope, turn: Turn) -> None:
        """Move a request whose response is a stream. Raises Unavailable if nothing was done."""
        if len(self._streaming_paths) < MOST_PATHS:
            self._streaming_paths.add(scope["path"])
        try:
            await turn.move(self.long)
        except Unavailable:
            if scope["method"] == "GET":
                raise
            # The request has been carried out: its response goes on in the turn that it has.

    async def drain(self) -> None:
        """Return when no request has a turn or waits for one. No turn rests any more."""
        for turns in (self.ordinary, self.strangers, self.hashing, self.beginning, self.long):
            await turns.drain()

    @cached_property
    def _hashing_urls(self) -> set[str]:
        return {name for service in served_services() for name in service.hashes_passwords}

"""`/livez` and `/readyz`: whether the process responds, and whether it can answer requests.

Behind ASGI the event loop answers them, without the threads of other requests. Strangers may ask as
often as they like: a check runs once for all who wait for it, and its result counts for a moment.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from monoservices.api.exception_handling import problem_response
from monoservices.api.problems import Unavailable
from monoservices.api.whole_response import WholeResponse
from monoservices.database.health import check_reads, check_writes, close
from monoservices.server.asgi import Scope

RESULT_SECONDS = 0.5
"""How long the result of a check counts."""
CHECK_SECONDS = 5.0
"""How long requests wait for a check."""

_OK = b'{"status": "ok"}'
_HEADERS = {"Cache-Control": "no-store"}

logger = logging.getLogger(__name__)


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """200 if the process responds."""
    return HttpResponse(_OK, content_type="application/json", headers=_HEADERS)


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 if requests can be answered; with `?writes=1`, if they can write too. Otherwise 503."""
    writes = request.GET.get("writes") == "1"
    if not _passes(check_writes if writes else check_reads):
        return problem_response(_not_ready(writes=writes))
    return livez(request)


class Health:
    """Answers requests to the URLs named `livez` and `readyz`. Use it in one event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="health")
        self._reads = _SharedCheck(self._threads, check_reads)
        self._writes = _SharedCheck(self._threads, check_writes)

    def answers(self, scope: Scope) -> bool:
        """Whether the request is one for `respond`."""
        return scope["path"] in self.names and scope["method"] in {"GET", "HEAD"}

    async def respond(self, scope: Scope) -> WholeResponse:
        if self.names[scope["path"]] == "readyz":
            writes = b"writes=1" in scope["query_string"].split(b"&")
            if not await (self._writes if writes else self._reads).passes():
                return WholeResponse.from_problem(_not_ready(writes=writes))
        return WholeResponse(200, _OK, headers=_HEADERS)

    async def drain(self) -> None:
        """Return when the checks have ended, with their connections. Ask nothing any more."""
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._threads.shutdown()
        close()

    @cached_property
    def names(self) -> dict[str, str]:
        """The names of the URLs, by their paths."""
        names = {}
        for name in ("livez", "readyz"):
            with suppress(NoReverseMatch):
                names[reverse(name)] = name
        return names


class _SharedCheck:
    """Runs a check in a thread, once at a time for all who ask."""

    def __init__(self, threads: ThreadPoolExecutor, check: Callable[[], None]) -> None:
        self._threads = threads
        self._check = check
        self._running: asyncio.Future[bool] | None = None
        self._has_passed = False
        self._ends = 0.0
        """Until when the result counts, or until when to wait for the running check."""

    async def passes(self) -> bool:
        """Whether the check passes. It does not if it takes longer than CHECK_SECONDS."""
        loop = asyncio.get_running_loop()
        if self._running is None and loop.time() >= self._ends:
            self._ends = loop.time() + CHECK_SECONDS
            self._running = loop.run_in_executor(self._threads, _passes, self._check)
            self._running.add_done_callback(self._note)
        if self._running is not None:
            left = max(0.0, self._ends - loop.time())
            done, _ = await asyncio.wait([self._running], timeout=left)
            return bool(done) and self._has_passed
        return self._has_passed

    def _note(self, done: "asyncio.Future[bool]") -> None:
        self._running = None
        self._has_passed = done.result()
        self._ends = asyncio.get_running_loop().time() + RESULT_SECONDS


def _passes(check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:
        logger.warning("not ready: %s", error)  # the response must not say what it contains
        return False
    return True


def _not_ready(*, writes: bool) -> Unavailable:
    return Unavailable(f"The database cannot be {'written' if writes else 'read'}.")

"""The ASGI front: every request is read whole here, and answered on one of two lanes.

1. The request is read within limits of size and time before any thread has to do with it, so that
   slow clients cost no thread. Nothing but 408 and 413 is answered here.
2. A clean request to a hot route is answered on the express lane, without Django's request cycle.
   A route that is not sure of a request declines it, before anything is done.
3. Everything else goes to Django, with the bytes already read.

Both lanes give the same answer to the same request.
"""

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from time import perf_counter
from typing import Protocol

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import module_has_submodule

from monoservices.apps import served_services
from monoservices.asgi import Answer, Receive, Scope, Send, problem_answer, read_body, respond
from monoservices.clean import CleanRequest, clean_request
from monoservices.django_lane import DjangoLane, Headers, WsgiApplication
from monoservices.metrics.declaring import flush
from monoservices.metrics.requests import count_request
from monoservices.pacing import Pace
from monoservices.problems import Problem, Unavailable, as_problem

SWITCH_SECONDS = 0.0005
"""How long the event loop may go on while the batches' thread has an answer of the database and
wants to run. Python's own 5 ms would be most of what a small batch takes."""
GARBAGE = 20_000
"""How many more objects than before there must be for Python to look for garbage. Python's own 700
are there with every few orders, since requests that wait for their batch are no garbage."""
FLUSH_SECONDS = 1.0
"""How long what was counted may wait to be written where other processes see it."""

logger = logging.getLogger(__name__)


class ExpressRoute(Protocol):
    """A hot route, made in the event loop that it is used in.

    method, url_name: what it answers; Django has a view there too.
    """

    method: str
    url_name: str

    async def answer(self, request: CleanRequest) -> Answer | None:
        """Answer, or return None to hand the request to Django, with nothing done.

        Raises what `monoservices.problems.as_problem` knows.
        """

    async def drain(self) -> None:
        """Return when everything that came is answered. Nothing comes any more."""


def express_routes() -> Iterator[ExpressRoute]:
    """New hot routes: of what the served services' `express` modules list as ROUTES."""
    for service in served_services():
        if module_has_submodule(service.module, "express"):
            for make in import_module(f"{service.name}.express").ROUTES:
                yield make()


class Front:
    """The ASGI application. django: the WSGI application for what is not express."""

    def __init__(self, django: WsgiApplication) -> None:
        self._django = DjangoLane(django)
        self._routes: dict[tuple[str, str], ExpressRoute] | None = None
        self._large_bodies: dict[str, int] | None = None
        self._common_headers: dict[ExpressRoute, Headers] = {}
        self._refusals = Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        started = perf_counter()
        try:
            limit = self.large_bodies.get(scope["path"], settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
            body = await read_body(scope["headers"], receive, limit=limit)
        except Problem as problem:
            # What of the body is still on its way must not be taken for the next request.
            await respond(send, problem_answer(problem), [(b"connection", b"close")])
            count_request(scope["method"], "", problem.status, "none", started)
            return
        if body is None:  # whoever sent it has left
            return
        started = perf_counter()
        route = self.routes.get((scope["method"], scope["path"]))
        if (
            route is not None
            and isinstance(body, bytes)
            and (request := clean_request(scope, body)) is not None
            and (answer := await _answer(route, request)) is not None
        ):
            if route not in self._common_headers:
                self._common_headers[route] = await self._django.common_headers(scope)
            if answer.status == Unavailable.status:
                await self._refusals.turn()
            await respond(send, answer, self._common_headers[route])
            count_request(scope["method"], scope["path"], answer.status, "express", started)
            return
        await self._django.answer(scope, body, send)

    @property
    def routes(self) -> dict[tuple[str, str], ExpressRoute]:
        """The hot routes by method and path."""
        if self._routes is None:
            self._routes = {
                (each.method, reverse(each.url_name)): each for each in express_routes()
            }
        return self._routes

    @property
    def large_bodies(self) -> dict[str, int]:
        """How many bytes a body may have, by path, where that is more than elsewhere."""
        if self._large_bodies is None:
            self._large_bodies = {
                reverse(url_name): size
                for service in served_services()
                for url_name, size in service.large_bodies.items()
            }
        return self._large_bodies

    def _tune_interpreter(self) -> None:
        """Set how Python shares this process among threads, and how it looks for garbage."""
        sys.setswitchinterval(SWITCH_SECONDS)
        _ = self.routes, self.large_bodies  # which load all that answers requests
        # What is there now stays: whoever looks for garbage need not go through it ever again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE)

    async def _live(self, receive: Receive, send: Send) -> None:
        """The lifespan protocol: before the end, what has begun is finished."""
        self._tune_interpreter()
        async with _flushing():
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            for route in self.routes.values():
                await route.drain()
            await self._django.drain()
        await send({"type": "lifespan.shutdown.complete"})


async def _answer(route: ExpressRoute, request: CleanRequest) -> Answer | None:
    try:
        return await route.answer(request)
    except Exception as error:
        problem = as_problem(error)
        if problem is None:
            logger.exception("%s %s failed", route.method, route.url_name)
        return problem_answer(problem or Problem())


@asynccontextmanager
async def _flushing() -> AsyncIterator[None]:
    """Write what was counted every FLUSH_SECONDS, and at the end."""

    async def keep_flushing() -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            flush()

    task = asyncio.create_task(keep_flushing())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        flush()

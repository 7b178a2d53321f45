"""The ASGI front: every request is read whole here, and answered on one of two lanes.

1. The request is read within limits of size and time before any thread has to do with it, so that
   slow clients cost no thread. Nothing but 408 and 413 is answered here.
2. A clean request to a hot route is answered on the express lane, without Django's request cycle.
   A route that is not sure of a request declines it, before anything is done.
3. Everything else goes to Django, with the bytes already read.

Both lanes give the same answer to the same request.
"""

import logging
from collections.abc import Iterator
from importlib import import_module
from time import perf_counter
from typing import Protocol

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import module_has_submodule

from monoservices.api.exception_handling import as_problem
from monoservices.api.problems import Problem, Unavailable
from monoservices.metrics.requests import count_request
from monoservices.server.asgi import (
    Body,
    Receive,
    Scope,
    Send,
    WholeResponse,
    read_body,
    send_response,
)
from monoservices.server.django_lane import DjangoLane, Headers, WsgiApplication
from monoservices.server.express_request import ExpressRequest, express_request
from monoservices.server.pacing import Throttle
from monoservices.server.worker import flushing, tuned_interpreter
from monoservices.services.config import served_services

logger = logging.getLogger(__name__)


class ExpressRoute(Protocol):
    """A hot route, made in the event loop that it is used in.

    method, url_name: what it answers; Django has a view there too.
    """

    method: str
    url_name: str

    async def respond(self, request: ExpressRequest) -> WholeResponse | None:
        """Answer, or return None to hand the request to Django, with nothing done.

        Raises what `monoservices.api.exception_handling.as_problem` knows.
        """

    async def drain(self) -> None:
        """Return when everything that came is answered. Nothing comes any more."""


def express_routes() -> Iterator[ExpressRoute]:
    """New hot routes: of what the served services' `hot_routes` modules list as ROUTES."""
    for service in served_services():
        if module_has_submodule(service.module, "hot_routes"):
            for make in import_module(f"{service.name}.hot_routes").ROUTES:
                yield make()


class Front:
    """The ASGI application. django: the WSGI application for what is not express."""

    def __init__(self, django: WsgiApplication) -> None:
        self._django = DjangoLane(django)
        self._routes: dict[tuple[str, str], ExpressRoute] | None = None
        self._large_bodies: dict[str, int] | None = None
        self._common_headers: dict[ExpressRoute, Headers] = {}
        self._refusals = Throttle()

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
            await send_response(
                send, WholeResponse.from_problem(problem), [(b"connection", b"close")]
            )
            count_request(scope["method"], "", problem.status, "none", started)
            return
        if body is None:  # whoever sent it has left
            return
        started = perf_counter()
        express = await self._express(scope, body)
        if express is not None:
            response, headers = express
            del body  # who waits for a turn holds nothing but the connection
            if response.status == Unavailable.status:
                await self._refusals.wait(waited=perf_counter() - started)
            await send_response(send, response, headers)
            count_request(scope["method"], scope["path"], response.status, "express", started)
            return
        try:
            await self._django.respond(scope, body, send)
        except Unavailable as problem:
            del body
            await self._refusals.wait()
            await send_response(send, WholeResponse.from_problem(problem))
            count_request(scope["method"], "", problem.status, "none", started)

    async def _express(self, scope: Scope, body: Body) -> tuple[WholeResponse, Headers] | None:
        """The answer of a hot route, and the headers that every answer has; None for Django."""
        route = self.routes.get((scope["method"], scope["path"]))
        if route is None or not isinstance(body, bytes):
            return None
        request = express_request(scope, body)
        if request is None:
            return None
        response = await _respond(route, request)
        if response is None:
            return None
        if route not in self._common_headers:
            self._common_headers[route] = await self._django.common_headers(scope)
        return response, self._common_headers[route]

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

    async def _live(self, receive: Receive, send: Send) -> None:
        """The lifespan protocol: before the end, what has begun is finished."""
        try:
            _ = self.routes, self.large_bodies  # the services' modules, the URLs and the views
        except Exception:
            logger.exception("the application cannot be loaded")
            await receive()
            await send({"type": "lifespan.startup.failed"})
            return
        with tuned_interpreter():
            async with flushing():
                while (await receive())["type"] != "lifespan.shutdown":
                    await send({"type": "lifespan.startup.complete"})
                for route in self.routes.values():
                    await route.drain()
                await self._django.drain()
        await send({"type": "lifespan.shutdown.complete"})


async def _respond(route: ExpressRoute, request: ExpressRequest) -> WholeResponse | None:
    try:
        return await route.respond(request)
    except Exception as error:
        problem = as_problem(error)
        if problem is None:
            logger.exception("%s %s failed", route.method, route.url_name)
        return WholeResponse.from_problem(problem or Problem())

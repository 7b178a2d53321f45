"""The ASGI application: it reads each request whole and answers it on one of two lanes.

1. It reads the request within limits of size, time and room before any thread is involved, so slow
   clients occupy no thread. It reads a large body only from a caller whose key allows the request.
2. The express lane answers a clean request to a hot route without Django's request cycle. A route
   that cannot answer a request declines it and leaves nothing behind.
3. Django answers everything else, from the body that was read.

Both lanes give the same response to the same request.
"""

import logging
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from time import perf_counter
from typing import NamedTuple, Protocol

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import module_has_submodule
from rest_framework.views import APIView

from monoservices.api.access import key_authentication
from monoservices.api.exception_handling import as_problem
from monoservices.api.problems import Problem, Unavailable
from monoservices.metrics.publishing import publishing
from monoservices.metrics.requests import count_request
from monoservices.server.admission import is_known
from monoservices.server.asgi import (
    Body,
    Headers,
    Receive,
    Scope,
    Send,
    WholeResponse,
    send_response,
)
from monoservices.server.body import Intake
from monoservices.server.callers import Callers, HeldKey, KeyChanged
from monoservices.server.common_headers import common_headers
from monoservices.server.django_lane import DjangoLane, WsgiApplication
from monoservices.server.express_request import ExpressRequest, express_request
from monoservices.server.health import Health
from monoservices.server.pacing import Throttle
from monoservices.server.refusing import logged
from monoservices.server.worker import hear_signals, tuned_interpreter
from monoservices.services.config import served_services

logger = logging.getLogger(__name__)


class ExpressRoute(Protocol):
    """A hot route. It is created with the server's Callers, in the event loop that uses it.

    method, url_name: the requests that it answers. scope: what their keys must have.
    view: Django's view for the same requests.
    """

    method: str
    url_name: str
    scope: str

    @property
    def view(self) -> type[APIView]: ...

    async def respond(self, request: ExpressRequest, key: HeldKey) -> WholeResponse | None:
        """Answer the request, or return None, with nothing done, to hand it to Django.

        key: the request's, which has the scope.
        Raises KeyChanged to be asked again, and exceptions that
        `monoservices.api.exception_handling.as_problem` knows.
        """

    async def drain(self) -> None:
        """Return when every request is answered. No further request may come."""


def express_routes(callers: Callers) -> Iterator[ExpressRoute]:
    """Create the hot routes that the served services list in ROUTES of their `hot_routes`."""
    for service in served_services():
        if module_has_submodule(service.module, "hot_routes"):
            for make in import_module(f"{service.name}.hot_routes").ROUTES:
                yield make(callers)


class _Answer(NamedTuple):
    """A response to send. lane: which lane made it, or "none"."""

    response: WholeResponse
    headers: Headers
    lane: str


def _refusal(error: Exception, request: str) -> WholeResponse:
    """The response to a request that failed; an error that nobody expects is logged."""
    problem = as_problem(error)
    if problem is None:
        logger.error("%s failed", request, exc_info=error)
    return WholeResponse.from_problem(problem or Problem())


def _without_body(error: Exception, scope: Scope) -> _Answer:
    """The answer to a request whose body was not read."""
    response = _refusal(error, f"{scope['method']} {scope['path']!r}")
    # The rest of the body may still arrive. It must not be read as the next request.
    return _Answer(response, [(b"connection", b"close")], "none")


class Front:
    """The ASGI application. django: the WSGI application that answers what is not express."""

    def __init__(self, django: WsgiApplication) -> None:
        self._django = DjangoLane(django)
        self._health = Health()
        self._refusals = Throttle()
        self._intake = Intake(lambda scope: is_known(scope, self.callers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        started = perf_counter()
        if self._health.answers(scope):
            health = await self._health.respond(scope)
            await send_response(send, health, logged(scope, health, scope["path"], self.callers))
            count_request(scope["method"], scope["path"], health.status, "none", started)
            return
        try:
            limit = self.large_bodies.get(scope["path"], settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
            body, held = await self._intake.read(scope, receive, limit=limit)
        except Exception as error:
            answer: _Answer | None = _without_body(error, scope)
        else:
            started = perf_counter()
            try:
                answer = await self._express(scope, body)
                if answer is None:
                    answer = await self._by_django(scope, body, send, receive)
            finally:
                if held is not None:
                    held.close()
            del body  # a client that waits for its turn holds nothing but the connection
        if answer is None:
            return
        response, headers, lane = answer
        if response.status == Unavailable.status:
            await self._refusals.wait(waited=perf_counter() - started)
        path = scope["path"] if lane == "express" else ""
        headers = [*headers, *logged(scope, response, path, self.callers)]
        await send_response(send, response, headers)
        count_request(scope["method"], path, response.status, lane, started)

    async def _by_django(
        self, scope: Scope, body: Body, send: Send, receive: Receive
    ) -> "_Answer | None":
        """Let Django answer. Return None, or what to send if too many requests wait for Django."""
        try:
            await self._django.respond(scope, body, send, receive)
        except ConnectionAbortedError as error:  # the server closes the connection
            logger.info("%s %r broke off: %s", scope["method"], scope["path"], error)
        except Unavailable as problem:
            return _Answer(WholeResponse.from_problem(problem), [], "none")
        return None

    async def _express(self, scope: Scope, body: Body) -> "_Answer | None":
        """Return a hot route's response and its common headers; None if Django must answer."""
        address = (scope["method"], scope["path"])
        route = self.routes.get(address)
        if route is None or not isinstance(body, bytes):
            return None
        request = express_request(scope, body)
        if request is None:
            return None
        headers = self.common_headers[address][request.is_secure]
        if headers is None:
            return None
        try:
            response = await self._respond(route, request)
        except Exception as error:
            response = _refusal(error, f"{route.method} {route.url_name}")
        return None if response is None else _Answer(response, headers, "express")

    async def _respond(self, route: ExpressRoute, request: ExpressRequest) -> WholeResponse | None:
        """The response of a route; None if Django must answer, and say what is wrong with a key."""
        while key := await self.callers.find(request.authorization):
            if route.scope not in key.caller.scopes:
                self.callers.forget(key)  # the scope may be granted later
                return None
            try:
                return await route.respond(request, key)
            except KeyChanged:
                self.callers.forget(key)
        return None

    @cached_property
    def routes(self) -> dict[tuple[str, str], ExpressRoute]:
        """The hot routes by method and path."""
        routes = express_routes(self.callers)
        return {(each.method, reverse(each.url_name)): each for each in routes}

    @cached_property
    def callers(self) -> Callers:
        """The holders of keys."""
        return Callers(key_authentication())

    @cached_property
    def common_headers(self) -> dict[tuple[str, str], dict[bool, Headers | None]]:
        """The common headers of each hot route, by whether the request came over TLS."""
        return {
            (method, path): {
                secure: common_headers(route.view, method, path, secure=secure)
                for secure in (False, True)
            }
            for (method, path), route in self.routes.items()
        }

    @cached_property
    def large_bodies(self) -> dict[str, int]:
        """How many bytes a body may have, by path, where the limit is higher than elsewhere."""
        return {
            reverse(url_name): size
            for service in served_services()
            for url_name, size in service.large_bodies.items()
        }

    async def _live(self, receive: Receive, send: Send) -> None:
        """Follow the lifespan protocol. Every request that has begun is finished before the end."""
        try:
            # Load the services' modules, URLs, views and middleware before the first request.
            _ = self.common_headers, self.large_bodies, self._health.names
        except Exception:
            logger.exception("The application cannot be loaded.")
            await receive()
            await send({"type": "lifespan.startup.failed"})
            return
        with tuned_interpreter(), publishing():
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
                await hear_signals()
            for route in self.routes.values():
                await route.drain()
            await self.callers.drain()
            await self._django.drain()
            await self._health.drain()
        await send({"type": "lifespan.shutdown.complete"})

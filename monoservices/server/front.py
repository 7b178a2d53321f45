"""The ASGI application: it reads each request whole and answers it on one of two lanes.

1. It reads the request within limits of size, time and room before any thread is involved, so slow
   clients occupy no thread. It reads a large body only from a caller whose key allows the request.
2. The express lane answers a clean request to a hot route without Django's request cycle. A route
   that cannot answer a request declines it and leaves nothing behind.
3. Django answers everything else, from the body that was read.

Both lanes give the same response to the same request.
"""

import logging
from functools import cached_property
from time import perf_counter
from typing import NamedTuple

from django.conf import settings
from django.urls import reverse

from monoservices.api.access import key_authentication
from monoservices.api.problems import Unauthenticated, Unavailable
from monoservices.api.whole_response import WholeResponse
from monoservices.metrics.publishing import publishing
from monoservices.metrics.requests import requests
from monoservices.server.admission import is_known, is_stranger
from monoservices.server.asgi import (
    Body,
    Headers,
    Receive,
    Scope,
    Send,
    send_response,
)
from monoservices.server.body import Intake
from monoservices.server.callers import Callers
from monoservices.server.django_lane import DjangoLane, WsgiApplication
from monoservices.server.express_lane import ExpressLane
from monoservices.server.health import Health
from monoservices.server.pacing import Throttle
from monoservices.server.refusing import logged, refusal
from monoservices.server.worker import hear_signals, tuned_interpreter
from monoservices.services.config import served_services

logger = logging.getLogger(__name__)


class _Answer(NamedTuple):
    """A response to send. lane: which lane made it, or "none". route: a hot route's, or ""."""

    response: WholeResponse
    headers: Headers
    lane: str
    route: str = ""


def _without_body(error: Exception, scope: Scope) -> _Answer:
    """The answer to a request whose body was not read."""
    response = refusal(error, f"{scope['method']} {scope['path']!r}")
    # The rest of the body may still arrive. It must not be read as the next request.
    return _Answer(response, [(b"connection", b"close")], "none")


class Front:
    """The ASGI application. django: the WSGI application that answers what is not express."""

    def __init__(self, django: WsgiApplication) -> None:
        self._django = DjangoLane(django)
        self._health = Health()
        self._throttles = {Unavailable.status: Throttle(), Unauthenticated.status: Throttle()}
        self._intake = Intake(lambda scope: is_known(scope, self.callers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        started = perf_counter()
        if self._health.answers(scope):
            health = await self._health.respond(scope)
            more = logged(scope, health, scope["path"], self.callers)
            await send_response(send, health, more, method=scope["method"])
            series = requests(scope["method"], scope["path"], health.status, "none")
            series.add(perf_counter() - started)
            return
        try:
            limit = self.large_bodies.get(scope["path"], settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
            body, held = await self._intake.read(scope, receive, limit=limit)
        except Exception as error:
            answer: _Answer | None = _without_body(error, scope)
        else:
            started = perf_counter()
            try:
                if express := await self.express.respond(scope, body):
                    answer = _Answer(express.response, express.headers, "express", express.pattern)
                else:
                    answer = await self._by_django(scope, body, send, receive)
            finally:
                if held is not None:
                    held.close()
            del body  # a client that waits for its turn holds nothing but the connection
        if answer is None:
            return
        response, headers, lane, route = answer
        if throttle := self._throttles.get(response.status):
            await throttle.wait(waited=perf_counter() - started)
        method = scope["method"]
        if response.status >= 400:
            headers = [*headers, *logged(scope, response, route, self.callers)]
        await send_response(send, response, headers, method=method)
        requests(method, route, response.status, lane).add(perf_counter() - started)

    async def _by_django(
        self, scope: Scope, body: Body, send: Send, receive: Receive
    ) -> "_Answer | None":
        """Let Django answer. Return None, or what to send if too many requests wait for Django."""
        try:
            stranger = await is_stranger(scope, self.callers)
        except Exception as error:
            return _Answer(refusal(error, f"{scope['method']} {scope['path']!r}"), [], "none")
        try:
            await self._django.respond(scope, body, send, receive, is_stranger=stranger)
        except ConnectionAbortedError as error:  # the server closes the connection
            logger.info("%s %r broke off: %s", scope["method"], scope["path"], error)
        except Unavailable as problem:
            return _Answer(WholeResponse.from_problem(problem), [], "none")
        return None

    @cached_property
    def express(self) -> ExpressLane:
        """The express lane."""
        return ExpressLane(self.callers)

    @cached_property
    def callers(self) -> Callers:
        """The holders of keys."""
        return Callers(key_authentication())

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
            _ = self.express.batches, self.large_bodies, self._health.names
        except Exception:
            logger.exception("The application cannot be loaded.")
            await receive()
            await send({"type": "lifespan.startup.failed"})
            return
        with tuned_interpreter(), publishing():
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
                await hear_signals()
            await self.express.drain()
            await self.callers.drain()
            await self._django.drain()
            await self._health.drain()
        await send({"type": "lifespan.shutdown.complete"})

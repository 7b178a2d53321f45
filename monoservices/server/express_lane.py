"""The express lane: hot routes answer clean requests in the event loop, without Django's cycle.

A request that the lane is not sure about it declines, and leaves nothing behind. Django answers.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.module_loading import module_has_submodule
from msgspec import Struct
from rest_framework.views import APIView

from monoservices.api.hot_routes import HotRequest, HotRoute, unless_known
from monoservices.api.problems import Problem
from monoservices.api.whole_response import WholeResponse
from monoservices.server.asgi import Body, Headers, Scope
from monoservices.server.callers import Callers, HeldKey, KeyChanged
from monoservices.server.common_headers import common_headers
from monoservices.server.express_request import ExpressRequest, express_request
from monoservices.server.hot_batches import HEAVIEST, HotBatches
from monoservices.server.refusing import refusal
from monoservices.services.config import served_services

_NUMBER = re.compile(r"(?<=/)[0-9]{1,19}(?=/)", re.ASCII)
"""A whole number in a path. Longer ones are no ids, and Django says so."""
MOST_PARAMETERS = 3
"""How many numbers the path of a hot route may have."""


class ServedRoute(Struct, frozen=True):
    """A hot route, where it is served.

    pattern: Django's route, with a leading slash. scope: what a key must have.
    headers: the common headers, by whether the request came over TLS; None if only Django can
        answer such requests.
    """

    hot: HotRoute[Any, Any]
    pattern: str
    scope: str
    headers: dict[bool, Headers | None]


class ExpressAnswer(Struct, frozen=True):
    """A response, its common headers, and the route that made it."""

    response: WholeResponse
    headers: Headers
    pattern: str


def hot_routes() -> Iterator[HotRoute[Any, Any]]:
    """Create the hot routes that the served services list in ROUTES of their `hot_routes`."""
    for service in served_services():
        if module_has_submodule(service.module, "hot_routes"):
            for make in import_module(f"{service.name}.hot_routes").ROUTES:
                yield make()


class ExpressLane:
    """The hot routes of the served services. callers: who holds the keys of their requests."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    async def respond(self, scope: Scope, body: Body) -> ExpressAnswer | None:
        """Return a hot route's answer; None if Django must answer."""
        method, path = scope["method"], scope["path"]
        if method == "HEAD":
            method = "GET"
        route = self.routes.get((method, _NUMBER.sub("0", path)))
        if route is None or not isinstance(body, bytes):
            return None
        ids = tuple(map(int, _NUMBER.findall(path)))
        request = express_request(scope, body)
        if request is None:
            return None
        headers = route.headers[request.is_secure]
        if headers is None:
            return None
        try:
            response = await self._ask(route, ids, request)
        except Exception as error:
            response = refusal(error, f"{method} {route.pattern}")
        return None if response is None else ExpressAnswer(response, headers, route.pattern)

    async def drain(self) -> None:
        """Return when every request is answered. No further request may come."""
        await self.batches.drain()

    @cached_property
    def routes(self) -> dict[tuple[str, str], ServedRoute]:
        """The hot routes by method and path, which has 0 in place of each number."""
        return dict(map(_served, hot_routes()))

    @cached_property
    def batches(self) -> HotBatches:
        """The batches of these routes."""
        return HotBatches(self._callers, [route.hot for route in self.routes.values()])

    async def _ask(
        self, route: ServedRoute, ids: tuple[int, ...], request: ExpressRequest
    ) -> WholeResponse | None:
        """The response of a route; None if Django must answer, and say what is wrong with a key."""
        key = await self._callers.find(request.authorization)
        if key is not None and route.scope not in key.caller.scopes:
            # The scope may have been granted since the key was looked up.
            key = await self._callers.find(request.authorization, anew=True)
        while key is not None and route.scope in key.caller.scopes:
            try:
                return await self._answer(route.hot, ids, request, key)
            except KeyChanged:
                key = await self._callers.find(request.authorization, anew=True)
        return None

    async def _answer(
        self,
        hot: HotRoute[Any, Any],
        ids: tuple[int, ...],
        request: ExpressRequest,
        key: HeldKey,
    ) -> WholeResponse | None:
        try:
            item = hot.parse(
                HotRequest(
                    key.caller,
                    ids,
                    request.query,
                    request.body,
                    request.idempotency_key,
                    request.location,
                    request.if_match,
                )
            )
        except Problem:
            return None  # the view refuses it, in the same words
        if item is None or hot.weight(item) > HEAVIEST:
            return None
        try:
            outcome = await self.batches.submit(hot, item, key)
        except KeyChanged:
            raise
        except Exception as error:
            hot.failed(error)
            raise
        response = hot.answer(item, outcome)
        if request.if_none_match:
            response = unless_known(response, request.if_none_match)
        return response


def _served(hot: HotRoute[Any, Any]) -> tuple[tuple[str, str], ServedRoute]:
    path = _path(hot.url_name)
    match = resolve(path)
    view: type[APIView] = match.func.cls  # type: ignore[attr-defined]  # as DRF's as_view sets it
    headers = {
        secure: common_headers(view, hot.method, path, secure=secure) for secure in (False, True)
    }
    scope: str = getattr(view, "scopes", {})[hot.method]
    route = ServedRoute(hot, f"/{match.route}", scope, headers)
    return (hot.method, path), route


def _path(url_name: str) -> str:
    """The path of a URL, with 0 for each of its parameters.

    Raises ImproperlyConfigured unless its parameters are the only numbers in it.
    """
    for count in range(MOST_PARAMETERS + 1):
        with suppress(NoReverseMatch):
            path = reverse(url_name, args=[0] * count)
            if len(_NUMBER.findall(path)) == count:
                return path
    raise ImproperlyConfigured(f"The URL {url_name} cannot be a hot route.")

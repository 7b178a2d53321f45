"""The express lane: hot routes answer clean requests in the event loop, without Django's cycle.

A route that cannot answer a request declines it, and leaves nothing behind.
"""

from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from typing import Protocol

from django.urls import reverse
from django.utils.module_loading import module_has_submodule
from rest_framework.views import APIView

from monoservices.server.asgi import Body, Headers, Scope, WholeResponse
from monoservices.server.callers import Callers, HeldKey, KeyChanged
from monoservices.server.common_headers import common_headers
from monoservices.server.express_request import ExpressRequest, express_request
from monoservices.server.refusing import refusal
from monoservices.services.config import served_services


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


class ExpressLane:
    """The hot routes of the served services. callers: who holds the keys of their requests."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    async def respond(self, scope: Scope, body: Body) -> tuple[WholeResponse, Headers] | None:
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
            response = await self._ask(route, request)
        except Exception as error:
            response = refusal(error, f"{route.method} {route.url_name}")
        return None if response is None else (response, headers)

    async def drain(self) -> None:
        """Return when every request is answered. No further request may come."""
        for route in self.routes.values():
            await route.drain()

    @cached_property
    def routes(self) -> dict[tuple[str, str], ExpressRoute]:
        """The hot routes by method and path."""
        routes = express_routes(self._callers)
        return {(each.method, reverse(each.url_name)): each for each in routes}

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

    async def _ask(self, route: ExpressRoute, request: ExpressRequest) -> WholeResponse | None:
        """The response of a route; None if Django must answer, and say what is wrong with a key."""
        key = await self._callers.find(request.authorization)
        if key is not None and route.scope not in key.caller.scopes:
            # The scope may have been granted since the key was looked up.
            key = await self._callers.find(request.authorization, anew=True)
        while key is not None and route.scope in key.caller.scopes:
            try:
                return await route.respond(request, key)
            except KeyChanged:
                key = await self._callers.find(request.authorization, anew=True)
        return None

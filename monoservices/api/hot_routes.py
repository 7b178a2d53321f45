"""Hot routes: what many clients ask at the same moment, answered for all of them at once.

A route is written once, in three steps, and served on both lanes:

1. `parse` turns one request into an item, or refuses it.
2. `send` asks the database for many items, of any number of clients, in one trip. What it returns
   looks at the answers. The look-up of the clients' keys travels with them.
3. `answer` turns what became of an item into a response.

The express lane (`monoservices.server.express_lane`) gathers items into batches. A view answers a
request as a batch of one, with `answer_alone`.
"""

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
from django.utils.http import parse_etags
from msgspec import Struct, structs
from rest_framework.request import Request
from rest_framework.response import Response

from monoservices.api.access import caller
from monoservices.api.http import idempotency_key, read_body
from monoservices.api.whole_response import WholeResponse
from monoservices.database.engines import engine
from monoservices.services.scopes import Caller, Check

READING = {"GET", "HEAD"}
"""Methods without a body."""

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
Look = Callable[[], Sequence[Outcome]]
"""Looks at the answers to what was sent: the outcomes of the items, in their order."""


class HotRequest(Struct, frozen=True):
    """A request to a hot route, on either lane.

    ids: the whole numbers in its path. query: its query string. body: empty unless the method has
    one. location: its URL without the query string, for links. if_match: the header.
    """

    caller: Caller
    ids: tuple[int, ...] = ()
    query: str = ""
    body: bytes = b""
    idempotency_key: str | None = None
    location: str = ""
    if_match: str | None = None


class HotRoute(Generic[Item, Outcome], metaclass=ABCMeta):
    """A hot route. Its view has the scopes, and describes the route for the OpenAPI document.

    method, url_name: the requests that it answers. The path has no parameters but whole numbers.
    queue: what metrics call the queue of its batches. Routes with the same name share a trip.
    """

    method: ClassVar[str]
    url_name: ClassVar[str]
    queue: ClassVar[str]

    @abstractmethod
    def parse(self, request: HotRequest) -> Item | None:
        """The item that a request stands for; None if only the view can answer the request.

        Raises the Problem that refuses the request.
        """

    @abstractmethod
    def carry_out(
        self, items: Sequence[Item], check: Check | None = None
    ) -> Sequence[Outcome | None]:
        """What became of each item; None if `check` says that it may not be carried out.

        Raises errors of the database. Then nothing was done, unless the outcome is not known.
        """

    @abstractmethod
    def answer(self, item: Item, outcome: Outcome) -> WholeResponse:
        """The response to a request. Raises the Problem that refuses it."""

    def weight(self, item: Item) -> int:
        """How much of a batch an item takes; most take 1."""
        return 1

    def failed(self, error: Exception) -> None:
        """Note that an error left an item without an outcome."""


class HotRead(HotRoute[Item, Outcome]):
    """A hot route that reads. Its items share a trip with those of all others."""

    method = "GET"
    queue = "reads"

    @abstractmethod
    def send(self, items: Sequence[Item]) -> Look[Outcome]:
        """Enqueue the statements that ask for all items, and return what looks at their rows."""

    def carry_out(
        self, items: Sequence[Item], check: Check | None = None
    ) -> Sequence[Outcome | None]:
        return read_together([(self, items)], check)


def read_together(
    asked: Sequence[tuple[HotRead[Any, Any], Sequence[Any]]], check: Check | None = None
) -> list[Any]:
    """Carry out the items of any number of routes in one trip; return their outcomes in order.

    check: of all items, in the same order.
    """
    with engine().pipelined_read():
        look_up = check() if check else None
        looks = [route.send(items) for route, items in asked]
        allowed = look_up() if look_up else None
        outcomes = [outcome for look in looks for outcome in look()]
    if allowed is None or all(allowed):
        return outcomes
    return [outcome if may else None for outcome, may in zip(outcomes, allowed, strict=True)]


def answer_alone(route: HotRoute[Any, Any], request: Request, *ids: int) -> Response:
    """Answer a request in its view, as a batch of one.

    ids: the whole numbers in the path. Raises what the route's functions raise.
    """
    response = answer_if_hot(route, request, *ids)
    if response is None:
        raise TypeError(f"{type(route).__name__} does not answer every request.")
    return response


def answer_if_hot(route: HotRoute[Any, Any], request: Request, *ids: int) -> Response | None:
    """The same; None if the route leaves the request to its view."""
    item = route.parse(_hot_request(request, ids, has_body=route.method not in READING))
    if item is None:
        return None
    try:
        [outcome] = route.carry_out([item])
    except Exception as error:
        route.failed(error)
        raise
    response = route.answer(item, outcome)
    if route.method in READING:
        response = unless_known(response, request.headers.get("If-None-Match", ""))
    body = msgspec.Raw(response.body) if response.body else None
    return Response(body, response.status, headers={**response.headers})


def _hot_request(request: Request, ids: tuple[int, ...], *, has_body: bool) -> HotRequest:
    return HotRequest(
        caller(request),
        ids,
        request.META.get("QUERY_STRING", ""),
        read_body(request) if has_body else b"",
        idempotency_key(request) if has_body else None,
        request.build_absolute_uri(request.path),
        request.headers.get("If-Match") if has_body else None,
    )


def unless_known(response: WholeResponse, if_none_match: str) -> WholeResponse:
    """304 without a body if the client has this response already (RFC 9110, section 13.1.2).

    if_none_match: the header, or "". It keeps the length that the response would have.
    """
    tag = response.headers.get("ETag")
    if not if_none_match or tag is None or response.status != 200:
        return response
    known = parse_etags(if_none_match)
    if known != ["*"] and tag not in {each.removeprefix("W/") for each in known}:
        return response
    headers = {**response.headers, "Content-Length": str(len(response.body))}
    return structs.replace(response, status=304, body=b"", headers=headers)

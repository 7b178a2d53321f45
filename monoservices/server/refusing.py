"""How the front answers a request that is refused or fails, and what it logs of it."""

import logging

from monoservices.api.exception_handling import as_problem
from monoservices.api.problems import Problem
from monoservices.api.refusals import HEADER, code_of, id_of_request, refusals
from monoservices.api.whole_response import WholeResponse
from monoservices.server.asgi import Headers, Scope
from monoservices.server.callers import Callers

_NAME = HEADER.lower().encode()

logger = logging.getLogger(__name__)


def refusal(error: Exception, request: str) -> WholeResponse:
    """The response to a request that failed; an error that nobody expects is logged."""
    problem = as_problem(error)
    if problem is None:
        logger.error("%s failed", request, exc_info=error)
    return WholeResponse.from_problem(problem or Problem())


def logged(scope: Scope, response: WholeResponse, route: str, callers: Callers) -> Headers:
    """Log a request that is refused or fails. Return the header with its id; none for others.

    route: its path, if that is one of ours; else "".
    """
    if response.status < 400:
        return []
    sent = dict(scope["headers"])
    request_id = id_of_request(sent.get(_NAME, b"").decode("latin-1"))
    refusals.write(
        request_id,
        method=scope["method"],
        route=route,
        status=response.status,
        code=code_of(response.content_type, response.body),
        caller=callers.remembered(sent.get(b"authorization", b"").decode("latin-1")),
        address=(scope.get("client") or ("",))[0],
    )
    return [(_NAME, request_id.encode())]

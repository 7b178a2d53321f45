"""What the front logs of a request that is refused or fails (`monoservices.api.refusals`)."""

from monoservices.api.refusals import HEADER, code_of, id_of_request, refusals
from monoservices.server.asgi import Headers, Scope, WholeResponse
from monoservices.server.callers import Callers

_NAME = HEADER.lower().encode()


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

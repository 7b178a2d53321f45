"""What the OpenAPI document says of the problems that a method can answer."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from drf_spectacular.plumbing import ComponentIdentity, ComponentRegistry, ResolvedComponent

from monoservices.api import problems
from monoservices.api.endpoints import Endpoint
from monoservices.api.problems import Problem
from monoservices.api.refusals import HEADER
from monoservices.api.struct_schemas import Json, register, struct_schemas

_BODY_METHODS = {"POST", "PUT", "PATCH"}


def problem_responses(
    registry: ComponentRegistry, endpoint: Endpoint, *, method: str, path: str, has_scope: bool
) -> Json:
    """The responses of a method that are errors, by status.

    has_scope: whether the method needs a key. `endpoint.refusals` are the problems of its own.
    """
    kinds: dict[int, dict[str, type[Problem]]] = {}
    shared = shared_problems(method=method, path=path, has_scope=has_scope)
    for kind in [*shared, *endpoint.refusals]:
        kinds.setdefault(kind.status, {})[kind.code] = kind
    return {str(status): _response(registry, kinds[status]) for status in sorted(kinds)}


def shared_problems(*, method: str, path: str, has_scope: bool) -> Iterator[type[Problem]]:
    """The problems that every such method has."""
    if has_scope:
        yield from (problems.Unauthenticated, problems.InvalidKey, problems.MissingScope)
    if "{" in path:
        yield problems.NotFound
    if method in _BODY_METHODS:
        yield from (problems.Malformed, problems.RequestTimeout, problems.TooLarge)
        yield from (problems.UnsupportedMediaType, problems.OutcomeUnknown)
    # Invalid is also the answer to a Host that is not the server's.
    yield from (problems.Invalid, problems.HttpsRequired, problems.NotAcceptable)
    yield from (problems.Unavailable, Problem)


def _response(registry: ComponentRegistry, by_code: dict[str, type[Problem]]) -> Json:
    """A response with one of these problems: a component if no service has made one of them."""
    kinds = [by_code[code] for code in sorted(by_code)]
    described = _describe(registry, kinds)
    if any(kind.__module__ != problems.__name__ for kind in kinds):
        return described
    name = "Or".join(kind.code.title().replace("_", "") for kind in kinds)
    component = ResolvedComponent(
        name, ResolvedComponent.RESPONSE, schema=described, object=ComponentIdentity(described)
    )
    registry.register_on_missing(component)
    reference: Json = component.ref
    return reference


def _describe(registry: ComponentRegistry, kinds: Iterable[type[Problem]]) -> Json:
    schema = struct_schemas(problems.ProblemDocument)["ProblemDocument"]
    document = register(registry, "ProblemDocument", schema)
    return {
        "description": "\n".join(f"- `{kind.code}`: {kind.default_detail}" for kind in kinds),
        "headers": _headers(kinds),
        "content": {
            problems.CONTENT_TYPE: {
                "schema": document | {"properties": {"code": {"enum": [k.code for k in kinds]}}},
                "examples": {kind.code: {"value": _example(kind)} for kind in kinds},
            }
        },
    }


def _headers(kinds: Iterable[type[Problem]]) -> Json:
    status = next(iter(kinds)).status
    text = "The id of the request, which the server's log has too."
    headers = {HEADER: header(text, required=True)}
    if status == problems.Unauthenticated.status:
        headers["WWW-Authenticate"] = header("`Bearer`.", required=True)
    if status == problems.Unavailable.status:
        text = "After how many seconds to send the request again."
        headers["Retry-After"] = header(text, required=True, pattern="^[0-9]+$")
    return headers


def _example(kind: type[Problem]) -> Any:
    example = Problem(kind.default_detail)
    example.status, example.code = kind.status, kind.code
    return msgspec.to_builtins(example.document())


def header(description: str, *, required: bool = False, **keywords: Any) -> Json:
    """A header of a response. keywords: of its schema."""
    described: Json = {"description": description, "schema": {"type": "string"} | keywords}
    return described | ({"required": True} if required else {})

"""`Endpoint`: how a view describes its methods for the OpenAPI document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from msgspec import Struct

from monoservices.api.problems import Problem

ViewMethod = TypeVar("ViewMethod", bound=Callable[..., Any])


@dataclass(frozen=True)
class Endpoint:
    """A decorator that describes a view's method: `@Endpoint("get_order", response=OrderOut)`.

    operation_id: the name of the call in generated clients.
    query: the struct of the query string.
    body, response: a struct or a DRF serializer, `Page[…]` for a list, or None. A body can also be
        a union of structs, one for each form of the body.
    takes_no_body: whether a request without the body is good too.
    examples: of the request body, by name.
    takes: the media types of a request body that is a file.
    gives: the media types of a response that is a file.
    status: the status of a successful response.
    refusals: the method's own problems. Those that every method has are added.
    idempotent: the method accepts an Idempotency-Key. needs_key: it rejects requests without one.
    versioned: the method sends an ETag, and accepts If-Match unless it is GET.
    conditional: the method accepts If-Match with the ETag of what the request changes.
    """

    operation_id: str
    query: type[Struct] | None = None
    body: Any = None
    response: Any = None
    takes_no_body: bool = False
    examples: Mapping[str, Any] = field(default_factory=dict)
    takes: Sequence[str] = ()
    gives: Sequence[str] = ()
    status: int = 200
    refusals: Sequence[type[Problem]] = ()
    idempotent: bool = False
    needs_key: bool = False
    versioned: bool = False
    conditional: bool = False

    def __call__(self, method: ViewMethod) -> ViewMethod:
        cast("Any", method).endpoint = self
        return method

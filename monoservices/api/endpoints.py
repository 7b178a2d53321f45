"""What a view says about its methods, for the document that `api.openapi` makes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from msgspec import Struct

from monoservices.api.problems import Problem

ViewMethod = TypeVar("ViewMethod", bound=Callable[..., Any])


@dataclass(frozen=True)
class Endpoint:
    """A decorator that describes a view's method: `@Endpoint("get_order", response=OrderOut)`.

    operation_id: how generated clients name the call.
    query: the struct of the query string.
    body, response: a struct or a DRF serializer, in a `Page` for a list; None where there is none.
    takes: the media types of a body that is a file, for the view's own parsers.
    gives: the media types of an answer that is a file.
    status: of the answer.
    refusals: the problems that are its own; those that every method has are added.
    idempotent: it takes an Idempotency-Key.
    versioned: it answers with an ETag, and takes an If-Match where it changes something.
    """

    operation_id: str
    query: type[Struct] | None = None
    body: Any = None
    response: Any = None
    takes: Sequence[str] = ()
    gives: Sequence[str] = ()
    status: int = 200
    refusals: Sequence[type[Problem]] = ()
    idempotent: bool = False
    versioned: bool = False

    def __call__(self, method: ViewMethod) -> ViewMethod:
        cast("Any", method).endpoint = self
        return method

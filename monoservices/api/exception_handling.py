"""Maps the exceptions of Django, DRF and the database to problems, and problems to responses."""

import logging
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from rest_framework import exceptions as drf
from rest_framework.response import Response

from monoservices.api.problems import (
    CONTENT_TYPE,
    Errors,
    Forbidden,
    Invalid,
    InvalidKey,
    Malformed,
    MethodNotAllowed,
    MissingScope,
    NotAcceptable,
    NotFound,
    Problem,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from monoservices.database.errors import is_lost_connection

logger = logging.getLogger(__name__)


class StructValidationError(drf.ValidationError):
    """DRF's ValidationError with the problem that caused it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.errors or {"non_field_errors": [problem.detail]})
        self.problem = problem


def as_problem(error: Exception) -> Problem | None:
    """Return the problem that `error` means to the client, or None if it is a bug."""
    match error:
        case Problem():
            problem = error
        case StructValidationError():
            problem = error.problem
        case Http404() | drf.NotFound():
            problem = NotFound()
        case PermissionDenied():
            problem = Forbidden()
        case RequestDataTooBig():
            problem = TooLarge()
        case SuspiciousOperation():
            problem = Invalid(str(error))
        case OperationalError() | InterfaceError():
            logger.warning("answered 503: %s", error)
            problem = Unavailable(_LOST if is_lost_connection(error) else "")
        case UnreadablePostError():
            problem = Malformed("The request body ended early.")
        case drf.APIException():
            problem = _from_api_exception(error)
        case _:
            return None
    return problem


def flatten(detail: Any, path: str = "") -> Errors:
    """Flatten the nested errors of a DRF serializer to errors by field path."""
    if isinstance(detail, dict):
        parts = [(str(key), value) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        parts = [(str(index), value) for index, value in enumerate(detail)]
    else:
        messages = detail if isinstance(detail, list) else [detail]
        return {path: [str(message) for message in messages]} if messages else {}
    errors: Errors = {}
    for key, value in parts:
        own = path if key == "non_field_errors" else f"{path}.{key}" if path else key
        errors |= flatten(value, own)
    return errors


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Respond to an exception of a view (DRF's EXCEPTION_HANDLER)."""
    problem = as_problem(error)
    if problem is None:
        return None
    return Response(
        problem.document(),
        status=problem.status,
        headers=problem.headers,
        content_type=CONTENT_TYPE,
    )


def problem_response(problem: Problem) -> HttpResponse:
    """Respond outside of DRF's views, such as from Django's handler404."""
    return HttpResponse(
        msgspec.json.encode(problem.document()),
        status=problem.status,
        headers=problem.headers,
        content_type=CONTENT_TYPE,
    )


def wants_problem(request: HttpRequest) -> bool:
    """Whether an error on this path gets a problem document rather than a page."""
    return request.path_info.startswith("/api/")


_LOST = (
    "The connection to the database was lost, so the request may or may not have been carried out. "
    "Send it again with the same Idempotency-Key: it is carried out once."
)


_KINDS: dict[type[drf.APIException], type[Problem]] = {
    drf.NotAuthenticated: Unauthenticated,
    drf.AuthenticationFailed: InvalidKey,
    drf.PermissionDenied: MissingScope,
    drf.MethodNotAllowed: MethodNotAllowed,
    drf.NotAcceptable: NotAcceptable,
    drf.UnsupportedMediaType: UnsupportedMediaType,
    drf.ParseError: Malformed,
}


def _from_api_exception(error: drf.APIException) -> Problem:
    if isinstance(error, drf.ValidationError):
        errors = flatten(error.detail)
        return Invalid(" ".join(errors.pop("", [])), errors=errors)
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    kind = _KINDS.get(type(error))
    problem = (kind or Problem)(str(error.detail), headers=headers)
    if kind is None:
        problem.status, problem.code = error.status_code, error.default_code
    return problem

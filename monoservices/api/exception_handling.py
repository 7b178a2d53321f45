"""Maps the exceptions of Django, DRF and the database to problems, and problems to responses."""

import logging
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from rest_framework import exceptions as drf
from rest_framework.response import Response

from monoservices.api import problems
from monoservices.api.problems import CONTENT_TYPE, Errors, Problem
from monoservices.database.errors import Fault, fault_of, is_outcome_unknown, is_passing

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
            problem = problems.NotFound()
        case PermissionDenied():
            problem = problems.Forbidden()
        case RequestDataTooBig():
            problem = problems.TooLarge()
        case SuspiciousOperation():
            problem = problems.Invalid(str(error))
        case Error():
            return _from_database(error)
        case UnreadablePostError():
            problem = problems.Malformed("The request body ended early.")
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
        problem.document(), problem.status, headers=problem.headers, content_type=CONTENT_TYPE
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


_KINDS: dict[type[drf.APIException], type[Problem]] = {
    drf.NotAuthenticated: problems.Unauthenticated,
    drf.AuthenticationFailed: problems.InvalidKey,
    drf.PermissionDenied: problems.MissingScope,
    drf.MethodNotAllowed: problems.MethodNotAllowed,
    drf.NotAcceptable: problems.NotAcceptable,
    drf.UnsupportedMediaType: problems.UnsupportedMediaType,
    drf.ParseError: problems.Malformed,
}


def _from_database(error: Error) -> Problem | None:
    if is_outcome_unknown(error):
        logger.error("the outcome of a request is not known: %s", error)
        return problems.OutcomeUnknown()
    if not is_passing(error):
        return None
    if fault_of(error) is Fault.UNKNOWN:
        logger.error("answered 503", exc_info=error)
    else:
        logger.warning("answered 503: %s", error)
    return problems.Unavailable()


def _from_api_exception(error: drf.APIException) -> Problem:
    if isinstance(error, drf.ValidationError):
        errors = flatten(error.detail)
        return problems.Invalid(" ".join(errors.pop("", [])), errors=errors)
    challenge = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    kind = _KINDS.get(type(error))
    problem = (kind or Problem)(str(error.detail), headers=headers)
    if kind is None:
        problem.status, problem.code = error.status_code, error.default_code
    return problem

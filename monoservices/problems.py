"""Errors as RFC 9457 problem documents: the exception tree and the one mapper.

    Problem
    ├── Malformed            400  the body is not JSON
    ├── Invalid              400  fields are wrong; `errors` names each
    ├── Unauthenticated      401
    │   └── InvalidKey
    ├── Forbidden            403
    │   └── MissingScope
    ├── NotFound             404
    ├── MethodNotAllowed     405
    ├── NotAcceptable        406
    ├── RequestTimeout       408
    ├── Conflict             409  the request is fine, the state of things forbids it
    ├── TooLarge             413
    ├── UnsupportedMediaType 415
    ├── Unprocessable        422
    └── Unavailable          503  a passing fault: the same request may succeed later

A service derives its own errors from these in its `exceptions.py`, each with a `code` that never
changes.
"""

import logging
from http import HTTPStatus
from itertools import islice
from typing import Any, ClassVar

import msgspec
import psycopg
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from rest_framework import exceptions as drf
from rest_framework.response import Response

CONTENT_TYPE = "application/problem+json"
MAX_ERRORS = 100
"""How many errors one answer names."""

logger = logging.getLogger(__name__)

Errors = dict[str, list[str]]
"""What is wrong, by the path of the field, such as `lines.2.quantity`."""


class ProblemDocument(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The body of every error answer (RFC 9457, section 3), with a stable `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: Errors = {}


class Problem(Exception):
    """An error with an answer of its own.

    detail: a sentence for the developer who reads the answer.
    errors: what is wrong, by field path; the first MAX_ERRORS are kept.
    headers: headers of the answer.
    """

    status: int = 500
    code: str = "internal_error"
    default_detail: ClassVar[str] = "Something went wrong on our side; it has been logged."

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Errors | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.detail = detail or self.default_detail
        self.errors = dict(islice((errors or {}).items(), MAX_ERRORS))
        self.headers = headers or {}
        super().__init__(self.detail)

    def document(self) -> ProblemDocument:
        """The body of the answer."""
        return problem_document(self.status, self.code, self.detail, self.errors)


class Malformed(Problem):
    status, code = 400, "malformed"
    default_detail = "The request body is not valid JSON."


class Invalid(Problem):
    status, code = 400, "invalid"
    default_detail = "Some fields are not valid; see errors."


class Unauthenticated(Problem):
    status, code = 401, "not_authenticated"
    default_detail = "Send an API key: Authorization: Bearer <key>."


class InvalidKey(Unauthenticated):
    code = "invalid_key"
    default_detail = "This key is unknown or revoked."


class Forbidden(Problem):
    status, code = 403, "permission_denied"
    default_detail = "This is not allowed."


class MissingScope(Forbidden):
    code = "missing_scope"
    default_detail = "This key lacks a scope."


class NotFound(Problem):
    status, code = 404, "not_found"
    default_detail = "There is nothing here."


class MethodNotAllowed(Problem):
    status, code = 405, "method_not_allowed"
    default_detail = "This address does not take that method."


class NotAcceptable(Problem):
    status, code = 406, "not_acceptable"
    default_detail = "The API answers application/json."


class RequestTimeout(Problem):
    status, code = 408, "request_timeout"
    default_detail = "The request took too long to arrive. Nothing was done; try again."


class Conflict(Problem):
    status, code = 409, "conflict"
    default_detail = "The present state does not allow this."


class TooLarge(Problem):
    status, code = 413, "too_large"
    default_detail = "The request body is too large."


class UnsupportedMediaType(Problem):
    status, code = 415, "unsupported_media_type"
    default_detail = "The API takes application/json."


class Unprocessable(Problem):
    status, code = 422, "unprocessable"
    default_detail = "The request cannot be carried out."


class Unavailable(Problem):
    """A passing fault; the same request may be sent again after `retry_after` seconds."""

    status, code = 503, "unavailable"
    default_detail = "The database is busy or away. Nothing was done; try again."

    def __init__(self, detail: str = "", *, retry_after: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class StructValidationError(drf.ValidationError):
    """DRF's ValidationError, with the problem that it came from."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.errors or {"non_field_errors": [problem.detail]})
        self.problem = problem


# As RFC 9110 has them; Python does since 3.13.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


def problem_document(
    status: int, code: str, detail: str, errors: Errors | None = None
) -> ProblemDocument:
    """The body of an error answer. Raises ValueError where `status` is no HTTP status."""
    return ProblemDocument(
        type=f"/problems/{code}/",
        title=_TITLES.get(status) or HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        errors=errors or {},
    )


def as_problem(error: Exception) -> Problem | None:
    """The problem that `error` stands for, or None where it is a fault of ours."""
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
            problem = Unavailable(_LOST if _is_lost_connection(error) else "")
        case UnreadablePostError():
            problem = Malformed("The request body ended early.")
        case drf.APIException():
            problem = _from_api_exception(error)
        case _:
            return None
    return problem


def problem_kinds(base: type[Problem] = Problem) -> dict[str, type[Problem]]:
    """Every kind of problem that can be answered, by its code."""
    kinds = {base.code: base}
    for kind in base.__subclasses__():
        kinds |= {code: each for code, each in problem_kinds(kind).items() if code not in kinds}
    return kinds


def flatten(detail: Any, path: str = "") -> Errors:
    """Flatten what a DRF serializer reports (nested dicts and lists) to errors by field path."""
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
    """Answer what a view raised (DRF's EXCEPTION_HANDLER)."""
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
    """Answer outside of DRF's views, such as from Django's handler404."""
    return HttpResponse(
        msgspec.json.encode(problem.document()),
        status=problem.status,
        headers=problem.headers,
        content_type=CONTENT_TYPE,
    )


def wants_problem(request: HttpRequest) -> bool:
    """Whether an error on this path is answered as a problem document rather than as a page."""
    return request.path_info.startswith("/api/")


_LOST = (
    "The connection to the database was lost, maybe after the work was done. Send the same request "
    "again, with the same Idempotency-Key: it is done once."
)


def _is_lost_connection(error: Exception) -> bool:
    """Whether it is the client's word: what PostgreSQL itself refuses has an SQLSTATE."""
    cause = error.__cause__
    return isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None


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

"""Errors as RFC 9457 problem documents: the exception tree.

    Problem
    ├── Malformed            400  the body is not JSON
    ├── Invalid              400  fields are wrong; `errors` names each
    ├── Unauthenticated      401
    │   └── InvalidKey
    ├── Forbidden            403
    │   ├── HttpsRequired         the request came over plain HTTP
    │   └── MissingScope
    ├── NotFound             404
    ├── MethodNotAllowed     405
    ├── NotAcceptable        406
    ├── RequestTimeout       408
    ├── Conflict             409  the request is valid, but the current state forbids it
    ├── TooLarge             413
    ├── UnsupportedMediaType 415
    ├── Unprocessable        422
    │   └── KeyReused
    └── Unavailable          503  a passing fault: the same request may succeed later
        └── OutcomeUnknown        the same, but the request may have been carried out

A service derives its own errors from these in its `exceptions.py`. The `code` of an error never
changes.
"""

from http import HTTPStatus
from itertools import islice
from typing import ClassVar

import msgspec

CONTENT_TYPE = "application/problem+json"
MAX_ERRORS = 100
"""How many errors one response names."""

Errors = dict[str, list[str]]
"""Messages by the path of the field, such as `lines.2.quantity`."""

# The titles of RFC 9110, which Python has since 3.13.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


class ProblemDocument(msgspec.Struct, kw_only=True):
    """The body of every error response (RFC 9457, section 3), with a stable `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: Errors | msgspec.UnsetType = msgspec.UNSET


class Problem(Exception):
    """An error that has a response.

    detail: a sentence for the developer who reads the response.
    errors: messages by field path; the first MAX_ERRORS are kept.
    headers: headers of the response.
    """

    status: int = 500
    code: str = "internal_error"
    default_detail: ClassVar[str] = "Something went wrong on our side. The error was logged."

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
        """Return the body of the response. Raises ValueError if `status` is no HTTP status."""
        return ProblemDocument(
            type=f"/problems/{self.code}/",
            title=_TITLES.get(self.status) or HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            code=self.code,
            errors=self.errors or msgspec.UNSET,
        )


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
    malformed_detail = "Expected Authorization: Bearer <API key>."


class Forbidden(Problem):
    status, code = 403, "permission_denied"
    default_detail = "You are not allowed to do this."


class MissingScope(Forbidden):
    code = "missing_scope"
    default_detail = "This key lacks a scope."


class HttpsRequired(Forbidden):
    """RFC 9110: after a 403 a client "SHOULD NOT automatically repeat the request with the same
    credentials" (section 15.5.4). It may do so after a 421, and a 426 offers to go on over this
    connection (15.5.20, 15.5.22)."""

    code = "https_required"
    default_detail = (
        "Use https:// for this address. If the request had an API key, replace the key: the "
        "request was sent in clear, so that others may have read it."
    )


class NotFound(Problem):
    status, code = 404, "not_found"
    default_detail = "There is nothing at this address."


class MethodNotAllowed(Problem):
    status, code = 405, "method_not_allowed"
    default_detail = "This address does not accept this method."


class NotAcceptable(Problem):
    status, code = 406, "not_acceptable"
    default_detail = "The Accept header allows no media type that this address sends."


class RequestTimeout(Problem):
    status, code = 408, "request_timeout"
    default_detail = "The request took too long to arrive. Nothing was done; send it again."


class Conflict(Problem):
    status, code = 409, "conflict"
    default_detail = "The current state does not allow this."


class TooLarge(Problem):
    status, code = 413, "too_large"
    default_detail = "The request body is too large."


class UnsupportedMediaType(Problem):
    status, code = 415, "unsupported_media_type"
    default_detail = "This address does not accept the Content-Type of the request."


class Unprocessable(Problem):
    status, code = 422, "unprocessable"
    default_detail = "The request cannot be processed."


class KeyReused(Unprocessable):
    code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for another request."


class Unavailable(Problem):
    """A passing fault. The client may send the same request again after `retry_after` seconds."""

    status, code = 503, "unavailable"
    default_detail = "The database is busy or unreachable. Nothing was done; try again."

    def __init__(self, detail: str = "", *, retry_after: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class OutcomeUnknown(Unavailable):
    code = "outcome_unknown"
    default_detail = (
        "The database did not say whether the request was carried out. Send the same request again "
        "with the same Idempotency-Key: it is carried out once. Without a key, look first."
    )


def problem_kinds(base: type[Problem] = Problem) -> dict[str, type[Problem]]:
    """Return every kind of problem by its code, without those of tests."""
    kinds = {base.code: base}
    for kind in base.__subclasses__():
        if "tests" not in kind.__module__.split("."):
            kinds |= {code: each for code, each in problem_kinds(kind).items() if code not in kinds}
    return kinds

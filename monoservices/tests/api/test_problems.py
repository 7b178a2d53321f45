import json
import logging
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.test import RequestFactory
from rest_framework import exceptions as drf

from monoservices.api.exception_handling import (
    StructValidationError,
    as_problem,
    exception_handler,
    flatten,
    problem_response,
    wants_problem,
)
from monoservices.api.problems import (
    CONTENT_TYPE,
    Conflict,
    Invalid,
    Malformed,
    Problem,
    Unavailable,
    problem_kinds,
)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Conflict(), 409, "conflict"),
        (StructValidationError(Malformed()), 400, "malformed"),
        (Http404(), 404, "not_found"),
        (drf.NotFound(), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
        (RequestDataTooBig(), 413, "too_large"),
        (SuspiciousOperation("odd"), 400, "invalid"),
        (UnreadablePostError(), 400, "malformed"),
        (drf.ValidationError({"a": ["b"]}), 400, "invalid"),
        (drf.ParseError(), 400, "malformed"),
        (drf.NotAuthenticated(), 401, "not_authenticated"),
        (drf.AuthenticationFailed(), 401, "invalid_key"),
        (drf.PermissionDenied(), 403, "missing_scope"),
        (drf.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (drf.NotAcceptable(), 406, "not_acceptable"),
        (drf.UnsupportedMediaType("text/plain"), 415, "unsupported_media_type"),
        (drf.Throttled(), 429, "throttled"),
        (OperationalError("database is locked"), 503, "unavailable"),
        (InterfaceError("connection already closed"), 503, "unavailable"),
    ],
)
def test_errors_that_have_an_answer(error: Exception, status: int, code: str) -> None:
    problem = as_problem(error)
    assert problem is not None
    assert (problem.status, problem.code) == (status, code)
    response = exception_handler(error, {})
    assert response is not None
    assert (response.status_code, response.content_type) == (status, CONTENT_TYPE)


@pytest.mark.parametrize("error", [ValueError(), KeyError("a"), DataError("beyond the column")])
def test_faults_of_ours_have_none(error: Exception) -> None:
    assert as_problem(error) is None
    assert exception_handler(error, {}) is None


def test_a_passing_fault_is_logged_and_says_when_to_come_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        problem = as_problem(OperationalError("database is locked"))
    assert problem is not None
    assert problem.headers == {"Retry-After": "1"}
    assert caplog.messages == ["answered 503: database is locked"]
    assert Unavailable(retry_after=7).headers == {"Retry-After": "7"}


def test_the_document() -> None:
    response = problem_response(
        Conflict("Sold out.", errors={"lines.0.quantity": ["There are 2."]})
    )
    assert (response.status_code, response["Content-Type"]) == (409, CONTENT_TYPE)
    assert json.loads(response.content) == {
        "type": "/problems/conflict/",
        "title": "Conflict",
        "status": 409,
        "detail": "Sold out.",
        "code": "conflict",
        "errors": {"lines.0.quantity": ["There are 2."]},
    }
    assert "errors" not in json.loads(problem_response(Conflict()).content)


@pytest.mark.parametrize(
    ("status", "title"),
    [(404, "Not Found"), (413, "Content Too Large"), (422, "Unprocessable Content")],
)
def test_titles_do_not_depend_on_the_version_of_python(status: int, title: str) -> None:
    problem = Problem("Detail.")
    problem.status = status
    assert problem.document().title == title


def test_a_challenge_goes_out_with_the_refusal() -> None:
    error: Any = drf.NotAuthenticated()
    error.auth_header = "Bearer"  # as DRF's views set it
    problem = as_problem(error)
    assert problem is not None
    assert problem.headers == {"WWW-Authenticate": "Bearer"}


def test_a_hundred_errors_are_named() -> None:
    problem = Invalid(errors={f"f{index}": ["no"] for index in range(1_000)})
    assert list(problem.errors) == [f"f{index}" for index in range(100)]


@pytest.mark.parametrize(
    ("detail", "errors"),
    [
        ({"a": ["b", "c"]}, {"a": ["b", "c"]}),
        ({"a": {"b": ["c"]}}, {"a.b": ["c"]}),
        ({"a": [{}, {"b": ["c"]}]}, {"a.1.b": ["c"]}),
        ({"a": {"non_field_errors": ["b"]}}, {"a": ["b"]}),
        ({"non_field_errors": ["a"]}, {"": ["a"]}),
        (["a"], {"": ["a"]}),
        ({"a": "b"}, {"a": ["b"]}),
        ({"a": []}, {}),
    ],
)
def test_nested_errors_are_flattened(detail: Any, errors: dict[str, list[str]]) -> None:
    assert flatten(detail) == errors


def test_errors_of_no_field_are_the_detail() -> None:
    problem = as_problem(drf.ValidationError({"non_field_errors": ["Not a dictionary."]}))
    assert problem is not None
    assert (problem.detail, problem.errors) == ("Not a dictionary.", {})


def test_every_kind_has_a_code_of_its_own_and_says_what_it_is() -> None:
    kinds = problem_kinds()
    assert kinds["conflict"] is Conflict
    assert kinds["internal_error"] is Problem
    assert {code: kind.code for code, kind in kinds.items()} == {code: code for code in kinds}
    assert [
        code for code, kind in kinds.items() if not kind.default_detail.endswith((".", ">."))
    ] == []


def test_the_kinds_of_tests_are_not_listed() -> None:
    class OnlyHere(Conflict):
        code = "only_here"

    assert OnlyHere in Conflict.__subclasses__()
    assert OnlyHere.code not in problem_kinds()


@pytest.mark.parametrize(("path", "wanted"), [("/api/x", True), ("/api", False), ("/", False)])
def test_only_the_api_answers_with_documents(path: str, wanted: bool) -> None:
    assert wants_problem(RequestFactory().get(path)) == wanted

"""The log line of a refusal: nothing in it can be forged, and a flood cannot fill the log."""

import logging
import re
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import ResolverMatch

from monoservices.api.exception_handling import problem_response
from monoservices.api.problems import CONTENT_TYPE, Conflict, TooLarge, Unavailable
from monoservices.api.refusals import (
    LINES,
    LogRefusals,
    OnlyTracebacks,
    RefusalLog,
    code_of,
    id_of_request,
)
from monoservices.services.scopes import Caller

CALLER = Caller(7, frozenset())


def refuse(log: RefusalLog, status: int = 401, caller: Caller | None = None, **other: str) -> None:
    usual = {"method": "GET", "route": "/notes/", "code": "no", "address": "192.0.2.7"}
    named: dict[str, Any] = usual | other
    log.write("an-id", status=status, caller=caller, **named)


@pytest.mark.parametrize(
    ("refusal", "line"),
    [
        ({}, "method=GET route=/notes/ status=401 code=no client=192.0.2.7 request_id=an-id"),
        (
            {"status": 409, "caller": CALLER},
            "method=GET route=/notes/ status=409 code=no client=7 request_id=an-id",
        ),
        (
            {
                "method": "GET\nstatus=200",
                "route": "/a b\r\n/\u2028",
                "code": "",
                "address": "x\n",
            },
            "method=other route=/a?b??/? status=401 code=- client=x? request_id=an-id",
        ),
        (
            {"method": "", "route": "", "address": ""},
            "method=other route=- status=401 code=no client=- request_id=an-id",
        ),
    ],
)
def test_a_line(caplog: pytest.LogCaptureFixture, refusal: dict[str, Any], line: str) -> None:
    refuse(RefusalLog(), **refusal)
    assert caplog.messages == [line]


@pytest.mark.parametrize(("status", "level"), [(404, "INFO"), (500, "WARNING"), (503, "WARNING")])
def test_what_fails_on_our_side_is_a_warning(
    caplog: pytest.LogCaptureFixture, status: int, level: str
) -> None:
    refuse(RefusalLog(), status)
    assert [record.levelname for record in caplog.records] == [level]


def test_a_flood_does_not_fill_the_log_nor_hide_others(caplog: pytest.LogCaptureFixture) -> None:
    now = 100.5
    log = RefusalLog(lambda: now)
    for _ in range(10_000):
        refuse(log)
    assert len(caplog.messages) == LINES
    refuse(log, 409, CALLER)
    refuse(log, 500)
    assert [line.partition(" code")[0] for line in caplog.messages[LINES:]] == [
        "method=GET route=/notes/ status=409",
        "method=GET route=/notes/ status=500",
    ]
    caplog.clear()
    now = 101.0
    refuse(log)
    refuse(log, 500)
    assert caplog.messages[0] == f"{10_000 - LINES} more requests refused had no line here."
    assert len(caplog.messages) == 3
    caplog.clear()
    for _ in range(LINES):
        refuse(log)
    assert len(caplog.messages) == LINES - 1


@pytest.mark.parametrize("sent", ["a", "A-1_b.2", "4bf92f3577b34da6a3ce929d0e0e4736", "x" * 64])
def test_an_id_that_is_harmless_is_kept(sent: str) -> None:
    assert id_of_request(sent) == sent


@pytest.mark.parametrize(
    "sent", ["", "x" * 65, "a b", "a\n", "a\r\nSet-Cookie: b", "a,b", "ä", "\u0661", "a=b", "{}"]
)
def test_another_is_replaced(sent: str) -> None:
    made = {id_of_request(sent) for _ in range(10)}
    assert len(made) == 10
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in made)


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        (CONTENT_TYPE, b'{"type":"x","code":"conflict","errors":{}}', "conflict"),
        (CONTENT_TYPE, b"", ""),
        (CONTENT_TYPE, b'{"code":1}', ""),
        ("application/json", b'{"code":"conflict"}', ""),
    ],
)
def test_the_code_is_that_of_a_problem(content_type: str, body: bytes, code: str) -> None:
    assert code_of(content_type, body) == code


def answer(response: Any, *, auth: Any = None, **meta: str) -> Any:
    """The response to a request through the middleware."""
    request: Any = HttpRequest()
    request.method, request.META, request.auth = "POST", {"REMOTE_ADDR": "::1"} | meta, auth
    request.resolver_match = ResolverMatch(print, (), {}, route="notes/<int:note_id>/")
    return LogRefusals(lambda _: response)(request)


def test_the_middleware_logs_refusals(caplog: pytest.LogCaptureFixture) -> None:
    page = HttpResponse("Not here.", status=404)
    stream = StreamingHttpResponse(iter([b"No."]), status=503)
    for response, code, client in (
        (problem_response(Conflict()), "conflict", "7"),
        (problem_response(TooLarge()), "too_large", "::1"),
        (problem_response(Unavailable()), "unavailable", "::1"),
        (page, "-", "::1"),
        (stream, "-", "::1"),
    ):
        caplog.clear()
        auth = CALLER if client == "7" else None
        request_id = answer(response, auth=auth).headers["X-Request-ID"]
        line = f"method=POST route=/notes/<int:note_id>/ status={response.status_code} code={code}"
        assert caplog.messages == [f"{line} client={client} request_id={request_id}"]
    assert answer(page, HTTP_X_REQUEST_ID="abc").headers["X-Request-ID"] == "abc"


@pytest.mark.parametrize("status", [200, 201, 204, 301, 304])
def test_it_leaves_other_responses_alone(caplog: pytest.LogCaptureFixture, status: int) -> None:
    assert "X-Request-ID" not in answer(HttpResponse(status=status), HTTP_X_REQUEST_ID="a").headers
    assert caplog.messages == []


def test_djangos_own_line_stays_where_it_has_a_traceback() -> None:
    def record(error: Any) -> logging.LogRecord:
        return logging.LogRecord("django.request", logging.ERROR, "", 1, "", (), error)

    assert OnlyTracebacks().filter(record((ValueError, ValueError(), None)))
    assert not OnlyTracebacks().filter(record(None))

"""One log line for every request that is refused or fails, with an id that the response has too.

A flood of refusals cannot fill the log: beyond LINES per second, they are only counted. What is
refused to strangers, to known clients, and what fails on our side, is limited apart, so that none
of these hides another.
"""

import logging
import re
import threading
import time
from collections.abc import Callable
from secrets import token_hex

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from monoservices.api.problems import CONTENT_TYPE
from monoservices.services.scopes import Caller

HEADER = "X-Request-ID"
LINES = 20
"""How many lines of each kind there are in one second."""

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_METHOD = re.compile(r"[A-Z]{1,16}", re.ASCII)
_UNSAFE = re.compile(r"[^\x21-\x7e]")

logger = logging.getLogger("monoservices.refusals")


class RefusalLog:
    """The log lines of one process. Use it in any thread. clock: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[str, _Kind] = {}

    def write(
        self,
        request_id: str,
        *,
        method: str,
        route: str,
        status: int,
        code: str,
        caller: Caller | None,
        address: str,
    ) -> None:
        """Log a refusal. route: the pattern of the URL, never the path, which may hold secrets.

        code: of the problem document. Each may be empty.
        """
        kind = "failed" if status >= 500 else "refused to clients" if caller else "refused"
        with self._lock:
            found = self._kinds.setdefault(kind, _Kind())
            is_written, left_out = found.take(int(self._clock()))
        if left_out:
            logger.warning("%d more requests %s had no line here.", left_out, kind)
        if is_written:
            logger.log(
                logging.WARNING if status >= 500 else logging.INFO,
                "method=%s route=%s status=%d code=%s client=%s request_id=%s",
                method if _METHOD.fullmatch(method) else "other",
                _UNSAFE.sub("?", route) or "-",
                status,
                code or "-",
                caller.client_id if caller else _UNSAFE.sub("?", address) or "-",
                request_id,
            )


class _Kind:
    """How many lines of a kind the current second has, and how many were left out in it."""

    def __init__(self) -> None:
        self._second = self._lines = self._left_out = 0

    def take(self, second: int) -> tuple[bool, int]:
        """Whether there may be a line now, and how many the last second with lines left out."""
        left_out = 0
        if second != self._second:
            left_out = self._left_out
            self._second, self._lines, self._left_out = second, 0, 0
        if self._lines >= LINES:
            self._left_out += 1
            return False, left_out
        self._lines += 1
        return True, left_out


class _Coded(msgspec.Struct):
    code: str


def code_of(content_type: str, body: bytes) -> str:
    """The `code` of a problem document; empty for other responses."""
    if content_type != CONTENT_TYPE:
        return ""
    try:
        return msgspec.json.decode(body, type=_Coded).code
    except msgspec.DecodeError:
        return ""


def id_of_request(sent: str) -> str:
    """The id that the client or a proxy has sent, if it is harmless. Otherwise a new one."""
    return sent if _ID.fullmatch(sent) else token_hex(8)


refusals = RefusalLog()


class LogRefusals:
    """Middleware that logs what Django refuses. It comes first, so that it sees all of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if response.status_code >= 400:
            request_id = id_of_request(request.META.get("HTTP_X_REQUEST_ID", ""))
            response.headers[HEADER] = request_id
            match, caller = request.resolver_match, getattr(request, "auth", None)
            content = response.content if isinstance(response, HttpResponse) else b""
            refusals.write(
                request_id,
                method=request.method or "",
                route=f"/{match.route}" if match else "",
                status=response.status_code,
                code=code_of(response.headers.get("Content-Type", ""), content),
                caller=caller if isinstance(caller, Caller) else None,
                address=request.META.get("REMOTE_ADDR", ""),
            )
        return response


class OnlyTracebacks(logging.Filter):
    """Keeps records of exceptions: for `django.request`, which has a line for every 503 too."""

    def filter(self, record: logging.LogRecord) -> bool:
        return bool(record.exc_info)

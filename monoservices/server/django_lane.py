"""Django behind ASGI: its WSGI handler runs in threads, on requests that were read whole.

Django's own ASGI handler starts a thread, and with it a database connection, per request. Here a
fixed number of threads keep their connections.
"""

import asyncio
import io
import logging
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import perf_counter
from typing import Any
from urllib.parse import unquote_to_bytes

from django.db import connections

from monoservices.api.problems import Unavailable
from monoservices.metrics.requests import STARTED
from monoservices.server.asgi import Body, Headers, Scope, Send

THREADS = 4
"""Per worker process. Each thread has its own connection to the database."""
WAITING = 256
"""How many requests may wait for a thread."""
READER_SECONDS = 15.0
"""How long the reader of a stream may take for one piece, because a stream occupies a thread."""

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

logger = logging.getLogger(__name__)


class DjangoLane:
    """Runs a WSGI application for up to THREADS requests at a time. WAITING more may wait."""

    def __init__(self, application: WsgiApplication) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="django")
        self._in_flight = 0

    async def respond(self, scope: Scope, body: Body, send: Send) -> None:
        """Answer a request, and close its body. Streams are sent piece by piece.

        Raises Unavailable, with nothing done, if too many requests wait for a thread.
        Raises ConnectionAbortedError if the reader of a stream stops reading.
        """
        started = perf_counter()
        if self._in_flight >= THREADS + WAITING:
            if not isinstance(body, bytes):
                body.close()
            raise Unavailable("Too many requests are waiting. Nothing was done; try again.")
        loop = asyncio.get_running_loop()

        async def deliver(message: dict[str, Any]) -> None:
            await send(message)

        def send_and_wait(message: dict[str, Any]) -> None:
            delivery = asyncio.run_coroutine_threadsafe(deliver(message), loop)
            try:
                delivery.result(READER_SECONDS)
            except TimeoutError:
                delivery.cancel()
                raise ConnectionAbortedError("The reader of a stream has stopped.") from None

        self._in_flight += 1
        try:
            whole = await loop.run_in_executor(
                self._threads, self._run, environ(scope, body) | {STARTED: started}, send_and_wait
            )
        finally:
            self._in_flight -= 1
            if not isinstance(body, bytes):
                body.close()
        if whole is not None:
            status, headers, content = whole
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": content})

    async def drain(self) -> None:
        """Return when the threads have ended, with their connections. Send nothing any more."""
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        everyone = Barrier(THREADS)  # so that each thread closes its own connection

        def close() -> None:
            try:
                connections.close_all()
            finally:
                everyone.wait()

        for _ in range(THREADS):
            self._threads.submit(close)
        self._threads.shutdown()

    def _run(
        self, environ: dict[str, Any], send: Callable[[dict[str, Any]], None]
    ) -> tuple[int, Headers, bytes] | None:
        """In a thread: return the whole response, or None if it was sent as a stream."""
        started: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            pairs = [(name.lower().encode("latin-1"), v.encode("latin-1")) for name, v in headers]
            started.append((int(status[:3]), pairs))

        response: Any = self._application(environ, start_response)
        try:
            [(status, headers)] = started
            if not getattr(response, "streaming", True):
                return status, headers, b"".join(response)
            send({"type": "http.response.start", "status": status, "headers": headers})
            for chunk in response:
                send({"type": "http.response.body", "body": chunk, "more_body": True})
            send({"type": "http.response.body", "body": b""})
        finally:
            if hasattr(response, "close"):
                response.close()
        return None


def environ(scope: Scope, body: Body) -> dict[str, Any]:
    """Return the request as a WSGI environment (PEP 3333). A chunked body gets a length too."""
    raw_path = scope.get("raw_path") or scope["path"].encode()
    server, port = scope.get("server") or ("localhost", 80)
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    values: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", ""),
        "PATH_INFO": unquote_to_bytes(raw_path.partition(b"?")[0]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": stream,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if b"_" in name:  # would become the same variable as the name with a hyphen
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in {"CONTENT_LENGTH", "CONTENT_TYPE"}:
            key = f"HTTP_{key}"
        text = value.decode("latin-1")
        values[key] = f"{values[key]},{text}" if key in values else text
    if "CONTENT_LENGTH" in values or "HTTP_TRANSFER_ENCODING" in values:
        values["CONTENT_LENGTH"] = str(stream.seek(0, io.SEEK_END))
        stream.seek(0)
    return values

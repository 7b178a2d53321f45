"""Django behind ASGI: its WSGI handler runs in threads, on requests that were read whole.

Django's own ASGI handler starts a thread, and with it a database connection, per request. Here a
fixed number of threads keep their connections. Each kind of request has turns of its own, see
`monoservices.server.kinds`.

A request learns that its response is a stream when Django has made it. It then takes a long turn
and keeps its thread, because the database cursor that it reads from belongs to the thread. A
response that is a file is no stream: a server that can sends it by itself.
"""

import asyncio
import io
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from threading import Barrier
from time import perf_counter
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

from django.db import connections

from monoservices.metrics.requests import STARTED
from monoservices.server.asgi import Body, Message, Receive, Scope, Send
from monoservices.server.kinds import MOST_AT_ONCE, STREAMING_SHARE, Kinds
from monoservices.server.streaming import Share, Stream

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class DjangoLane:
    """Runs a WSGI application. Use it in one event loop."""

    def __init__(self, application: WsgiApplication) -> None:
        self._application = application
        self._kinds = Kinds()
        self._share = Share(STREAMING_SHARE)
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="django")

    async def respond(
        self,
        scope: Scope,
        body: Body,
        send: Send,
        receive: Receive | None = None,
        *,
        is_stranger: bool = False,
    ) -> None:
        """Answer a request, and close its body. Streams are sent piece by piece.

        receive: without it, a stream goes on after its reader has left.
        is_stranger: whether the response will be that the key is missing or not valid.
        Raises Unavailable if too many requests wait for their turn, or too many are streamed.
        Raises ConnectionAbortedError if the reader of a stream leaves, or does not read.
        """
        more: dict[str, Any] = {STARTED: perf_counter()}
        if "http.response.pathsend" in scope.get("extensions", ()):
            more["wsgi.file_wrapper"] = FileWrapper
        try:
            turns = self._kinds.turns_of(scope, body, is_stranger=is_stranger)
            async with turns.turn() as turn:
                begin = partial(self._kinds.become_long, scope, turn)
                stream = Stream(send, receive, begin=begin, share=self._share)
                try:
                    messages = await asyncio.get_running_loop().run_in_executor(
                        self._threads, self._run, environ(scope, body) | more, stream
                    )
                finally:
                    stream.stop_watching()
        finally:
            if not isinstance(body, bytes):
                body.close()
        for message in messages:
            await send(message)

    async def drain(self) -> None:
        """Return when the threads have ended, with their connections. Send nothing any more."""
        await self._kinds.drain()
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        everyone = Barrier(MOST_AT_ONCE)  # so that each thread closes its own connection

        def close() -> None:
            try:
                connections.close_all()
            finally:
                everyone.wait()

        for _ in range(MOST_AT_ONCE):
            self._threads.submit(close)
        self._threads.shutdown()

    def _run(self, environ: dict[str, Any], stream: Stream) -> list[Message]:
        """In a thread: answer a request. Return the messages that are still to be sent."""
        started: list[Message] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            pairs = [(name.lower().encode("latin-1"), v.encode("latin-1")) for name, v in headers]
            start = {"type": "http.response.start", "status": int(status[:3]), "headers": pairs}
            started.append(start)

        response: Any = self._application(environ, start_response)
        with ExitStack() as end, ExitStack() as end_of_response:
            if hasattr(response, "close"):
                end_of_response.callback(response.close)
            [start] = started
            if path := _file_path(response):
                return [start, {"type": "http.response.pathsend", "path": path}]
            if environ["REQUEST_METHOD"] == "HEAD" or start["status"] in _WITHOUT_CONTENT:
                return [start, {"type": "http.response.body", "body": b""}]
            if not getattr(response, "streaming", True):
                return [start, {"type": "http.response.body", "body": b"".join(response)}]
            end.callback(connections.close_all)  # no cursor and no snapshot outlives a stream
            stream.send_all(start, response)
        return []


_WITHOUT_CONTENT = {204, 304}


def _file_path(response: Any) -> str | None:
    """Where the file is that is the whole response; None if it is no file with a name."""
    file = response.filelike if isinstance(response, FileWrapper) else None
    if isinstance(file, io.BufferedReader) and isinstance(file.name, str) and not file.tell():
        return file.name
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
        # A name with an underscore would become the same variable as the name with a hyphen. A
        # server may ignore Range (RFC 9110, section 14.2), and a whole file is no stream.
        if b"_" in name or name == b"range":
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

"""A proxy between Tradepost and PostgreSQL that breaks things at COMMIT, as poolers do."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread

import pytest
from django.db import connection

from faults.postgres_wire import FromClient, FromServer, Transactions, committed

CHUNK = 65_536
IDLE = b"Z\0\0\0\5I"
"""ReadyForQuery, outside of a transaction."""


def error_response(sqlstate: str) -> bytes:
    """An ErrorResponse that ends a session, as poolers write it."""
    fields = (f"{name}\0" for name in ("SFATAL", "VFATAL", f"C{sqlstate}", "Mmade up"))
    payload = "".join(fields).encode() + b"\0"
    return b"E" + (4 + len(payload)).to_bytes(4) + payload


@dataclass
class Fault:
    """What the proxy does with the next COMMIT, once.

    forward: whether PostgreSQL gets it; then the rest happens when it has committed.
    early: swallow the responses to statements before it too, so that `answer` seems to be theirs.
    answer: what the client gets before the connection is closed. stall: let the client close it.
    always: do it with every COMMIT.
    """

    forward: bool = True
    early: bool = False
    answer: bytes = b""
    stall: bool = False
    always: bool = False


class Proxy:
    """Forwards everything on a port of its own. fault: what happens to the next COMMIT.

    marker: a text that is in a statement of every transaction that counts.
    """

    def __init__(self, address: tuple[str, int], marker: str) -> None:
        self._address, self._marker = address, marker
        self.fault: Fault | None = None
        self.met = 0
        self.over = Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets = [self._listener]
        Thread(target=self._accept, daemon=True).start()

    def take(self) -> Fault | None:
        fault = self.fault
        if fault is not None:
            self.met += 1
            self.fault = fault if fault.always else None
        return fault

    def close(self) -> None:
        self.over.set()
        for each in self._sockets:
            _shut(each)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._address)
                self._sockets += [client, server]
                _Session(self, client, server, Transactions(self._marker))


class _Session:
    def __init__(
        self, proxy: Proxy, client: socket.socket, server: socket.socket, seen: Transactions
    ) -> None:
        self._proxy, self._client, self._server, self._seen = proxy, client, server, seen
        self._fault: Fault | None = None
        for pump in (self._requests, self._responses):
            Thread(target=self._run, args=(pump,), daemon=True).start()

    def _run(self, pump: Callable[[], None]) -> None:
        with suppress(OSError):
            pump()
        _shut(self._client)
        _shut(self._server)

    def _requests(self) -> None:
        messages = FromClient()
        while data := self._client.recv(CHUNK):
            to_send = bytearray()
            for message in messages.feed(data):
                if self._fault is None and self._seen.commits(message):
                    self._fault = self._proxy.take()
                    if self._fault is not None and not self._fault.forward:
                        if self._fault.stall:
                            while self._client.recv(CHUNK):
                                pass
                        self._client.sendall(self._fault.answer)
                        return
                to_send += message
            self._server.sendall(to_send)

    def _responses(self) -> None:
        messages = FromServer()
        while data := self._server.recv(CHUNK):
            for message in messages.feed(data):
                fault = self._fault
                if fault is not None and committed(message):
                    if fault.stall:
                        self._proxy.over.wait()
                    self._client.sendall(fault.answer)
                    return
                if fault is None or not fault.early:
                    self._client.sendall(message)


def _shut(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()


@contextmanager
def proxied(marker: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Let every new connection of Django's go through a proxy."""
    settings = connection.settings_dict
    proxy = Proxy((settings["HOST"] or "127.0.0.1", int(settings["PORT"] or 5432)), marker)
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(settings, "HOST", "127.0.0.1")
        patch.setitem(settings, "PORT", proxy.port)
        try:
            yield proxy
        finally:
            connection.close()
            proxy.close()

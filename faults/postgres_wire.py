"""The part of PostgreSQL's protocol that shows which transactions commit.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import re
from collections.abc import Iterator

_ENCRYPTION_REQUESTS = {80877103, 80877104}  # SSLRequest, GSSENCRequest
_COMMIT = re.compile(r"(?:^|;)\s*(?:COMMIT|END)(?:\s+(?:WORK|TRANSACTION))?[\s;]*$", re.IGNORECASE)
_BOUNDARY = re.compile(r"\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT)\b", re.IGNORECASE)


class FromClient:
    """Splits what a client sends into messages."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._started = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._received += data
        while len(self._received) >= 4 + self._started:
            # Messages before the session starts have no type byte.
            size = self._started + _integer(self._received, self._started)
            if len(self._received) < size:
                return
            message = bytes(self._received[:size])
            del self._received[:size]
            if not self._started:
                self._started = _integer(message, 4) not in _ENCRYPTION_REQUESTS
            yield message


class FromServer:
    """Splits what a server sends into messages."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._started = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._received += data
        while self._received:
            if not self._started and self._received[:1] == b"N":  # the server declines encryption
                size = 1
            else:
                self._started = True
                if len(self._received) < 5:
                    return
                size = 1 + _integer(self._received, 1)
            if len(self._received) < size:
                return
            message = bytes(self._received[:size])
            del self._received[:size]
            yield message


class Transactions:
    """Follows a client's statements: simple, prepared or in a pipeline.

    marker: a transaction counts if one of its statements contains this text, such as a table name.
    """

    def __init__(self, marker: str) -> None:
        self._marker = marker
        self._prepared: dict[bytes, str] = {}
        self._portals: dict[bytes, str] = {}
        self._marked = False

    def commits(self, message: bytes) -> bool:
        """Whether this message from the client commits a transaction that counts."""
        kind, payload = message[:1], message[5:]
        if kind == b"P":
            name, sql, _ = payload.split(b"\0", 2)
            self._prepared[name] = sql.decode()
        elif kind == b"B":
            portal, name, _ = payload.split(b"\0", 2)
            self._portals[portal] = self._prepared.get(name, "")
        elif kind == b"E":
            return self._execute(self._portals.get(payload.split(b"\0", 1)[0], ""))
        elif kind == b"Q":
            return self._execute(payload.rstrip(b"\0").decode())
        return False

    def _execute(self, sql: str) -> bool:
        marked = self._marked or self._marker in sql
        self._marked = self._marker in sql if _BOUNDARY.match(sql) else marked
        if not _COMMIT.search(sql):
            return False
        self._marked = False
        return marked


def committed(message: bytes) -> bool:
    """Whether this message from the server reports a finished COMMIT."""
    return message[:1] == b"C" and message[5:] == b"COMMIT\0"


def _integer(data: bytes | bytearray, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4])

"""Clients of a shop at an HTTPS address that only the shop's own machine knows."""

import http.client
import json
import socket
import ssl
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

MACHINE = "127.0.0.1"
NAME = "shop.example.com"
SHOP_FRONT = "127.0.0.2"
"""The address of the shop's own front, which nginx does not limit."""
SECONDS = 30


class Answer(NamedTuple):
    """A response. headers: by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Site:
    """The shop as its clients reach it. certificate: of the authority that they trust."""

    certificate: Path
    secret: str = ""

    def connect(self, address: str = SHOP_FRONT, *, tls: bool = True) -> http.client.HTTPConnection:
        """A connection from an address of this machine."""
        connection = http.client.HTTPConnection(NAME, timeout=SECONDS)
        plain = socket.create_connection(
            (MACHINE, 443 if tls else 80), timeout=SECONDS, source_address=(address, 0)
        )
        if tls:
            context = ssl.create_default_context(cafile=self.certificate)
            connection.sock = context.wrap_socket(plain, server_hostname=NAME)
        else:
            connection.sock = plain
        return connection

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        address: str = SHOP_FRONT,
        tls: bool = True,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request. body: bytes, or anything as JSON."""
        connection = self.connect(address, tls=tls)
        try:
            return exchange(connection, self.secret, method, path, body, headers)
        finally:
            connection.close()


def exchange(
    connection: http.client.HTTPConnection,
    secret: str,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Send a request over an open connection."""
    named = {"Authorization": f"Bearer {secret}"} if secret else {}
    named |= headers or {}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        named = {"Content-Type": "application/json"} | named
    connection.request(method, path, body, named)
    response = connection.getresponse()
    received = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, received, response.read())


@dataclass
class Crowd:
    """Shoppers that order one unit of a product each, again and again, and what they were told.

    acknowledged: the body of each 201 by idempotency key. unknown: keys without a final answer.
    """

    site: Site
    product_id: int
    acknowledged: dict[str, bytes] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    refused: list[Answer] = field(default_factory=list)

    @contextmanager
    def ordering(self, size: int) -> Iterator[None]:
        """Let this many shoppers order during the block, which must be called in the network."""
        done = threading.Event()
        threads = [threading.Thread(target=self._order, args=(done,)) for _ in range(size)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            done.set()
            for thread in threads:
                thread.join()

    def _order(self, done: threading.Event) -> None:
        connection: http.client.HTTPConnection | None = None
        while not done.is_set():
            key = uuid.uuid4().hex
            order = {"product_id": self.product_id, "quantity": 1}
            try:
                connection = connection or self.site.connect()
                answer = exchange(
                    connection,
                    self.site.secret,
                    "POST",
                    "/api/v1/orders/",
                    order,
                    {"Idempotency-Key": key},
                )
            except (OSError, http.client.HTTPException):
                self.unknown.add(key)
                connection = None
                continue
            if answer.status == 201:
                self.acknowledged[key] = answer.body
            elif answer.status == 503:
                self.unknown.add(key)
                done.wait(0.05)
            else:
                self.refused.append(answer)
        if connection:
            connection.close()

"""Live shops for generated clients, and a proxy that loses an answer."""

import http.client
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.test_serve import DEADLINE, MIGRATE, Served, manage, started

KEY = """
from apps.accounts.operations import issue_key
scopes = ["orders:read", "orders:write", "products:write"]
print(issue_key(client_name="shop", scopes=scopes).secret)
"""

Shops = Callable[[], AbstractContextManager[Served]]


@pytest.fixture(scope="session")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Shops:
    """Start a server of an empty shop, each time on a copy of the same SQLite database."""
    directory = tmp_path_factory.mktemp("shops")
    empty = directory / "empty.sqlite3"
    environment = os.environ | {"DEBUG": "off", "SERVICES": ""}
    secret = manage(
        environment | {"DATABASE_URL": f"sqlite:///{empty}"},
        *("shell", "--verbosity=0", "--command", MIGRATE + KEY),
    ).strip()

    @contextmanager
    def serving() -> Iterator[Served]:
        count = len(list(directory.glob("shop-*.sqlite3")))
        own = Path(shutil.copy(empty, directory / f"shop-{count}.sqlite3"))
        with started(environment | {"DATABASE_URL": f"sqlite:///{own}"}, secret=secret) as server:
            assert server.send("GET", "/readyz")[0] == 200
            yield server

    return serving


@contextmanager
def losing_the_first_order(upstream: int) -> Iterator[int]:
    """Yield the port of a proxy that drops the connection instead of the first placed order.

    upstream: the port of the server, which does place that order.
    """
    lost: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        timeout = DEADLINE

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            client = http.client.HTTPConnection("127.0.0.1", upstream, timeout=DEADLINE)
            try:
                client.request(self.command, self.path, body, dict(self.headers))
                response = client.getresponse()
                content = response.read()
            finally:
                client.close()
            if (self.command, self.path) == ("POST", "/api/v1/orders/") and not lost:
                lost.append(response.status)
                return
            self.send_response_only(response.status)
            for name, value in response.getheaders():
                if name.lower() not in {"connection", "transfer-encoding", "content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = pass_on  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield proxy.server_port
        finally:
            proxy.shutdown()
            thread.join()
    assert lost == [201]

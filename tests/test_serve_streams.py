"""Streams and files of a running `manage.py serve`, whose readers are slow or leave."""

import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest
from django.contrib.staticfiles import finders

from monoservices.server.kinds import LONG
from tests.test_apart import BUNDLE
from tests.test_serve import DEADLINE, Served, serving

SHOP = """
from apps.accounts.operations import issue_key
from apps.products.models import Product
from apps.products.operations import create_product
create_product(name="Blue Mug", price="9.99", stock_quantity=5)
text = "x" * 4000
Product.objects.bulk_create(
    Product(sku=f"S-{n}", name="Mug", description=text, price="1") for n in range(3000)
)
print(issue_key(client_name="shop").secret)
"""
"""An export of it has 12 MB, which is more than sockets take before anybody reads."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    file = tmp_path_factory.mktemp("served") / "served.sqlite3"
    with serving(f"sqlite:///{file}", shop=SHOP) as server:
        server.next_worker()
        assert server.send("GET", "/readyz")[0] == 200
        yield server


def begin(served: Served, path: str) -> socket.socket:
    """Ask, and read the beginning of the answer, with hardly any room for more."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(DEADLINE)
    client.connect(("127.0.0.1", served.port))
    head = (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {served.secret}\r\n\r\n"
    )
    client.sendall(head.encode())
    assert client.recv(15) == b"HTTP/1.1 200 OK"
    return client


def said(served: Served, text: str) -> None:
    """Read the log up to a line with this text. The server ends if it does not come in time."""
    assert served.process.stderr is not None
    end = Timer(DEADLINE, served.process.kill)
    end.start()
    try:
        for line in served.process.stderr:
            if text in line:
                return
    finally:
        end.cancel()
    raise AssertionError(f"the log has no {text!r}")


def test_slow_readers_of_exports_and_files_keep_nobody_waiting(served: Served) -> None:
    readers = [begin(served, "/api/v1/products/export/") for _ in range(LONG)]
    readers += [begin(served, f"/static/{BUNDLE}") for _ in range(LONG)]
    assert served.send("GET", "/api/v1/products/1/")[0] == 200
    assert served.send("GET", "/api/v1/products/export/")[0] == 503
    assert [served.send("GET", path)[0] for path in ("/livez", "/readyz")] == [200, 200]
    order = {"product_id": 1, "quantity": 1}
    assert served.send("POST", "/api/v1/orders/", order)[0] == 201
    for reader in readers:
        reader.close()
    for _ in range(LONG):
        said(served, "GET '/api/v1/products/export/' broke off: The reader of a stream has left.")
    status, export = served.send("GET", "/api/v1/products/export/")
    assert (status, export.count(b"\n")) == (200, 3_002)


def test_a_file_is_sent_whole(served: Served) -> None:
    path = finders.find(BUNDLE)
    assert isinstance(path, str)
    request = urllib.request.Request(
        f"http://127.0.0.1:{served.port}/static/{BUNDLE}", headers={"Range": "bytes=5-9"}
    )
    with urllib.request.urlopen(request, timeout=DEADLINE) as response:  # noqa: S310 - as above
        assert (response.status, response.read()) == (200, Path(path).read_bytes())
    request.method = "HEAD"
    with urllib.request.urlopen(request, timeout=DEADLINE) as response:  # noqa: S310 - as above
        assert response.headers["Content-Length"] == str(Path(path).stat().st_size)

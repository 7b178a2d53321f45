"""A server that is filled: with connections, headers, bodies that break off, and a full disk."""

import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monoservices.server.open_files import OTHERS
from tests.test_serve import DEADLINE, Served, serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

CONNECTIONS = 40
OPEN_FILES = OTHERS + 2 * CONNECTIONS
MIB = 1024 * 1024
DISK = 16 * MIB
"""How large a file of the server may become, as if the disk were full then."""
ORDERS, PRODUCTS, IMPORT = (
    f"/api/v1/{path}".encode() for path in ("orders/", "products/", "products/import/")
)

SHOP = """
from apps.accounts.operations import issue_key
from apps.accounts.scopes import known_scopes
from apps.products.operations import create_product
create_product(name="Blue Mug", price="9.99", stock_quantity=1_000)
print(issue_key(client_name="shop", scopes=known_scopes()).secret)
"""


class Worker:
    """The one worker of a server. temporary: its directory for temporary files."""

    def __init__(self, server: Served, temporary: Path) -> None:
        self.server = server
        self.pid = server.next_worker()
        self.temporary = temporary

    def open_files(self) -> list[str]:
        """What the worker has open, by name."""
        links = Path(f"/proc/{self.pid}/fd").iterdir()
        names = []
        for link in links:
            try:
                names.append(str(link.readlink()))
            except FileNotFoundError:  # closed meanwhile
                continue
        return names

    def bodies(self) -> list[str]:
        """The files of bodies, which have no name."""
        files = [name for name in self.open_files() if name.startswith(str(self.temporary))]
        return [name for name in files if name.endswith("(deleted)")]

    def cpu_seconds(self) -> float:
        stat = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def connect(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.server.port), timeout=DEADLINE)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def head(self, path: bytes, *lines: bytes, key: bool = True) -> bytes:
        """The head of a POST request."""
        head = [b"POST %s HTTP/1.1" % path, b"Host: localhost", *lines]
        if key:
            head.append(b"Authorization: Bearer " + self.server.secret.encode())
        return b"\r\n".join(head) + b"\r\n\r\n"

    def is_well(self) -> bool:
        """Whether the same worker still places orders."""
        order = {"product_id": 1, "quantity": 1}
        status, _ = self.server.send("POST", "/api/v1/orders/", order)
        os.kill(self.pid, 0)
        return status == 201


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    directory = tmp_path_factory.mktemp("hostile")
    temporary = directory / "temporary"
    temporary.mkdir()
    limits = f"ulimit -n {OPEN_FILES} && ulimit -f {DISK // 512}"
    database = f"sqlite:///{directory / 'served.sqlite3'}"
    with serving(database, shop=SHOP, limits=limits, TMPDIR=str(temporary)) as server:
        worker = Worker(server, temporary)
        assert worker.is_well()
        yield worker


def answer(client: socket.socket) -> tuple[int, bytes]:
    """The status and all of a response, up to the end of the connection."""
    received = b""
    try:
        while piece := client.recv(MIB):
            received += piece
    except ConnectionResetError:  # what was sent is not read
        pass
    return int(received.split(b" ", 2)[1]), received


def problem(received: bytes) -> dict[str, object]:
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    document: dict[str, object] = json.loads(body)
    return document


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_at_its_limit_of_connections_it_is_idle_answers_and_recovers(worker: Worker) -> None:
    request = worker.head(ORDERS, b"Content-Length: 0").replace(b"POST", b"GET", 1)

    def sockets() -> int:
        return len([name for name in worker.open_files() if name.startswith("socket:")])

    with worker.connect() as established:
        established.sendall(request)
        assert established.recv(MIB).startswith(b"HTTP/1.1 200")
        crowd = [worker.connect() for _ in range(3 * CONNECTIONS)]  # most wait in the backlog
        wait_until(lambda: sockets() >= CONNECTIONS)
        time.sleep(0.2)
        before = worker.cpu_seconds()
        time.sleep(1)
        assert worker.cpu_seconds() - before < 0.3
        assert sockets() < CONNECTIONS + 10
        assert len(worker.open_files()) < OPEN_FILES - CONNECTIONS
        established.sendall(request)
        assert established.recv(MIB).startswith(b"HTTP/1.1 200")
        for each in crowd:
            each.close()
    assert worker.is_well()


@pytest.mark.parametrize("path", [ORDERS, PRODUCTS, IMPORT])
@pytest.mark.parametrize(
    "body", [b"zz\r\n{}\r\n0\r\n\r\n", b"1\r\n{\r\n-1\r\n}\r\n", b"1\r\n{}\r\n0\r\n\r\n"]
)
def test_chunks_that_are_not_valid(worker: Worker, path: bytes, body: bytes) -> None:
    head = worker.head(path, b"Content-Type: application/json", b"Transfer-Encoding: chunked")
    with worker.connect() as client:
        client.sendall(head + body)
        status, received = answer(client)
    assert (status, problem(received)["code"]) == (400, "malformed")


def test_a_body_that_ends_early(worker: Worker) -> None:
    with worker.connect() as client:
        client.sendall(worker.head(ORDERS, b"Content-Length: 10") + b"{")
        client.shutdown(socket.SHUT_WR)
        status, received = answer(client)
    assert (status, problem(received)["code"]) == (400, "malformed")


def test_headers_have_a_bound(worker: Worker) -> None:
    with worker.connect() as client:
        client.sendall(worker.head(ORDERS, b"X-Long: " + b"x" * 64 * 1024)[:-2])
        assert answer(client)[0] == 431


@pytest.mark.parametrize("path", [ORDERS, IMPORT])
@pytest.mark.parametrize("announced", [True, False])
def test_a_stranger_sends_no_large_body(worker: Worker, path: bytes, announced: bool) -> None:
    if announced:
        head, body = worker.head(path, b"Content-Length: 1000000", key=False), b""
    else:
        head = worker.head(path, b"Transfer-Encoding: chunked", key=False)
        body = b"10000\r\n" + b"x" * 0x10000 + b"\r\n1\r\nx\r\n"
    with worker.connect() as client:
        client.sendall(head + body)  # the request is not complete
        status, received = answer(client)
    assert (status, problem(received)["code"]) == (401, "not_authenticated")
    assert worker.bodies() == []


def test_uploads_that_break_off_leave_no_file(worker: Worker) -> None:
    head = worker.head(IMPORT, b"Content-Type: text/csv", b"Content-Length: %d" % (8 * MIB))
    clients = [worker.connect() for _ in range(3)]
    for client in clients:
        client.sendall(head + b"x" * 2 * MIB)
    wait_until(lambda: len(worker.bodies()) == 3)
    for client in clients:
        client.close()
    wait_until(lambda: worker.bodies() == [])
    assert worker.is_well()


def test_a_full_disk_refuses_uploads_and_nothing_else(worker: Worker) -> None:
    size = DISK + 2 * MIB
    for _ in range(3):
        with worker.connect() as client:
            client.sendall(
                worker.head(IMPORT, b"Content-Type: text/csv", b"Content-Length: %d" % size)
            )
            client.sendall(b"x" * (DISK + 1))
            status, received = answer(client)
        assert (status, problem(received)["code"]) == (503, "unavailable")
        assert b"retry-after: 1" in received
    assert worker.bodies() == []
    assert worker.is_well()

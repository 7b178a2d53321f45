import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from benchmarks.generator import apply_load
from benchmarks.load import CUSTOMERS, LoadResult, Request
from benchmarks.python_load import apply_python_load, renderer
from benchmarks.servers import BenchmarkError
from benchmarks.wrk import WRK, parse_wrk

REQUEST = Request(
    "POST",
    "/orders/{id}/",
    {"Idempotency-Key": "{key}"},
    '{"lines": [{"id": {id}}, {"id": {id}}], "note": "{text}", "customer": {customer}, '
    '"number": {number}}',
    first=10,
    step=5,
    ids=3,
    texts=("a+b", "c"),
)
UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
WRK_SAID = """\
Running 25s test @ http://127.0.0.1:1
drained
  1000 requests in 5.01s
result {"answers": 1000, "late": 16, "strays": 0, "p50_us": 5100, "p99_us": 12345, \
"connect": 0, "read": 0, "write": 0, "timeout": 0, "status": 0}
"""


def numbers(text: bytes) -> list[int]:
    """The ids in the path of a request, and in the two lines of its body."""
    found = re.findall(rb"orders/(\d+)|\"id\": (\d+)", text)
    return [int(in_path or in_body) for in_path, in_body in found]


def test_each_request_has_a_key_of_its_own_and_no_id_twice() -> None:
    render = renderer(REQUEST, seed=1)
    texts = [render() for _ in range(100)]
    keys = {re.search(rb"Idempotency-Key: (\S+)", text)[1] for text in texts}  # type: ignore[index]
    assert len(keys) == 100
    assert all(UUID.fullmatch(key.decode()) for key in keys)
    assert all(sorted(numbers(text)) == [10, 15, 20] for text in texts)
    head, body = texts[0].split(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


def test_the_same_seed_draws_the_same_ids() -> None:
    one, two, other = (renderer(REQUEST, seed=seed) for seed in (1, 1, 2))
    first = [numbers(one()) for _ in range(20)]
    assert first == [numbers(two()) for _ in range(20)]
    assert first != [numbers(other()) for _ in range(20)]


class Shop(ThreadingHTTPServer):
    """A server that records its requests, and rejects every tenth."""

    daemon_threads = True

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.bodies: list[Any] = []
        self.keys: set[str] = set()
        self.refused = 0
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Shop

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            refuse = len(self.server.bodies) % 10 == 9
            self.server.refused += refuse
            self.server.bodies.append(body)
            self.server.keys.add(self.headers["Idempotency-Key"])
        self.send_response(409 if refuse else 201)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_request(self, *_: object) -> None:
        """Do nothing, because one line per request would hide everything else."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


GENERATORS = [
    pytest.param(
        apply_load,
        id="wrk",
        marks=pytest.mark.skipif(not shutil.which(WRK), reason="wrk is not installed"),
    ),
    pytest.param(apply_python_load, id="python"),
]


@pytest.mark.parametrize("apply", GENERATORS)
def test_every_request_is_answered_and_counted(
    shop: Shop, apply: Callable[..., LoadResult]
) -> None:
    result = apply(shop.server_port, REQUEST, connections=8, seconds=1, seed=1)
    received = len(shop.bodies)
    assert len(shop.keys) == received
    assert result.errors == {
        "connect": 0,
        "read": 0,
        "write": 0,
        "timeout": 0,
        "status": shop.refused,
    }
    assert result.acknowledged == received - shop.refused
    assert result.acknowledged - 8 <= result.completed <= result.acknowledged
    assert result.rate == result.completed
    assert all({line["id"] for line in body["lines"]} < {10, 15, 20} for body in shop.bodies)
    assert {body["note"] for body in shop.bodies} == {"a+b", "c"}
    numbers = sorted(body["number"] for body in shop.bodies)
    assert numbers == list(range(numbers[0], numbers[0] + received))
    customers = [body["customer"] for body in shop.bodies]
    assert 1 <= min(customers) < max(customers) <= CUSTOMERS
    assert all(UUID.fullmatch(key) for key in shop.keys)
    assert len({key[0] for key in shop.keys}) >= 8, "Keys must be random, not counted."


def test_what_wrk_says() -> None:
    assert parse_wrk(WRK_SAID, connections=16, seconds=5) == LoadResult(
        generator="wrk",
        seconds=5,
        completed=984,
        acknowledged=1000,
        errors={"connect": 0, "read": 0, "write": 0, "timeout": 0, "status": 0},
        p50_ms=5.1,
        p99_ms=12.345,
    )


def test_what_wrk_says_of_errors() -> None:
    said = WRK_SAID.replace('"status": 0', '"status": 7').replace('"read": 0', '"read": 3')
    said = said.replace('"strays": 0', '"strays": 2').replace('"late": 16', '"late": 15')
    result = parse_wrk(said, connections=16, seconds=5)
    # Two of the seven rejected requests are strays of load.lua.
    assert result.errors == {"connect": 0, "read": 3, "write": 0, "timeout": 1, "status": 5}
    assert result.acknowledged == 993
    assert result.completed == 980
    assert result.unknown == 4


def test_wrk_that_fails() -> None:
    with pytest.raises(BenchmarkError, match="unable to connect"):
        parse_wrk("unable to connect to 127.0.0.1:1\n", connections=16, seconds=5)

"""The metrics of known traffic are exact, on both lanes, and over several workers that may die."""

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from apps.orders import placing
from apps.orders.models import Order
from apps.products.operations import archive_product, create_product
from conftest import Api
from monoservices.metrics.declaring import Observed, declared
from monoservices.tests.metrics.reading import Samples, growth, samples
from tests.asgi import Reply, new_django, post_order, serving
from tests.test_docs import table
from tests.test_serve import DEADLINE, ROOT, SHOP, manage

OUTCOMES = "orders_outcomes_total"
REQUESTS = "monoservices_request_seconds_count"
CROSSINGS = "monoservices_crossing_seconds_count"
TOKEN = "token-of-the-test"


# Known traffic


@pytest.fixture
def products(transactional_db: None) -> dict[str, int]:
    mug = create_product(sku="MUG", name="Mug", price="9.99", stock_quantity=3)
    old = create_product(sku="OLD", name="Old", price="1", stock_quantity=3)
    archive_product(product_id=old.pk)
    return {"mug": mug.pk, "old": old.pk}


ORDERS = [  # (product, quantity, key), status
    (("mug", 1, "a"), 201),
    (("mug", 1, "a"), 201),  # again
    (("mug", 2, "a"), 422),  # the key came before with another request
    (("mug", 2, "b"), 201),
    (("mug", 1, "c"), 409),  # out of stock
    (("mug", 1, "d"), 409),
    (("old", 1, "e"), 409),  # not sold any more
]
EXPECTED_OUTCOMES = {
    ", accepted": 2,
    ", replayed": 1,
    "idempotency_key_reused, refused": 1,
    "out_of_stock, refused": 2,
    "product_unavailable, refused": 1,
}
EXPECTED_STATUSES = {"201": 3, "422": 1, "409": 3}


def _body(products: dict[str, int], product: str, quantity: int) -> bytes:
    return json.dumps({"product_id": products[product], "quantity": quantity}).encode()


def test_orders_on_the_express_lane(products: dict[str, int], api: Api) -> None:
    async def scene() -> list[int]:
        statuses = []
        async with serving(new_django()) as front:
            for (product, quantity, key), _ in ORDERS:
                body = _body(products, product, quantity)
                reply: Reply = await post_order(front, body, api.secret, idempotency_key=key)
                statuses.append(reply.status)
        return statuses

    before = samples()
    assert asyncio.run(scene()) == [status for _, status in ORDERS]
    assert growth(before, OUTCOMES) == EXPECTED_OUTCOMES
    assert growth(before, REQUESTS) == {
        f"express, POST, /api/v1/orders/, {status}": number
        for status, number in EXPECTED_STATUSES.items()
    }
    assert growth(before, "monoservices_batch_items_count") == {
        "orders": len(ORDERS),
        "orders-keys": 1,
    }
    assert growth(before, CROSSINGS) == {
        "accounts, orders, bearer_digest": len(ORDERS),
        "accounts, orders, find_callers": len(ORDERS) + 1,
        "products, orders, read_products": len(ORDERS),
        "products, orders, take_stock": 2,
    }


def test_orders_on_djangos_lane(products: dict[str, int], api: Api) -> None:
    before = samples()
    statuses = [
        api.send(
            "POST", "orders/", body=_body(products, product, quantity), idempotency_key=key
        ).status
        for (product, quantity, key), _ in ORDERS
    ]
    assert statuses == [status for _, status in ORDERS]
    assert growth(before, OUTCOMES) == EXPECTED_OUTCOMES
    assert growth(before, REQUESTS) == {
        f"django, POST, /api/v1/orders/, {status}": number
        for status, number in EXPECTED_STATUSES.items()
    }
    assert growth(before, "monoservices_batch_items_count") == {}


@pytest.mark.parametrize(
    ("error", "label"),
    [
        (OperationalError("the database is away"), "unavailable, unavailable"),
        (ZeroDivisionError(), "internal_error, failed"),
    ],
)
def test_orders_that_could_not_be_decided(
    products: dict[str, int],
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    label: str,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    async def on_the_express_lane() -> Reply:
        async with serving(new_django()) as front:
            return await post_order(front, _body(products, "mug", 1), api.secret)

    before = samples()
    monkeypatch.setattr(placing, "read_products", fail)
    expected = 503 if "unavailable" in label else 500
    assert asyncio.run(on_the_express_lane()).status == expected
    assert growth(before, OUTCOMES) == {label: 1}
    assert api.post("orders/", {"product_id": products["mug"], "quantity": 1}).status == expected
    assert growth(before, OUTCOMES) == {label: 2}
    assert Order.objects.count() == 0


ASKING = f"""
from django.test import Client
headers = {{"authorization": "Bearer {TOKEN}"}}
for path in ("/livez", "/metrics"):
    print(Client(headers=headers).get(path, SERVER_NAME="localhost").status_code)
"""


def test_https_does_not_redirect_who_asks_past_the_proxy() -> None:
    environment = os.environ | {"HTTPS": "on", "METRICS_TOKEN": TOKEN}
    statuses = manage(environment, "shell", "--verbosity=0", "--command", ASKING)
    assert statuses.split() == ["301", "200"]


# Several processes


class Workers:
    """`manage.py serve --workers 2`, with a shop, and a directory for temporary files."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, secret: str) -> None:
        self.process = process
        self.port = port
        self.secret = secret

    def spawned(self) -> int:
        """The id of the next process that the server says it has started; waits for the line."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if match := re.search(r"Spawning worker-\d with PID: (\d+)", line):
                return int(match[1])
        raise AssertionError("the server ended")

    def send(self, method: str, path: str, secret: str, body: str | None = None) -> Any:
        """Ask on a connection of its own, so that whichever worker answers."""
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        end = time.monotonic() + DEADLINE
        while True:
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
            try:
                client.request(method, path, body, headers)
                response = client.getresponse()
                return response.status, response.read()
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
            finally:
                client.close()

    def place(self, key: str) -> int:
        order = json.dumps({"product_id": 1, "quantity": 1, "metadata": {"key": key}})
        status: int = self.send("POST", "/api/v1/orders/", self.secret, order)[0]
        return status

    def metrics(self) -> Samples:
        status, text = self.send("GET", "/metrics", TOKEN)
        assert status == 200
        return samples(text)

    def metrics_when(self, done: Callable[[Samples], bool]) -> Samples:
        """The metrics, as soon as the workers have written what is asked for."""
        end = time.monotonic() + DEADLINE
        while not done(read := self.metrics()):
            assert time.monotonic() < end, read
            time.sleep(0.05)
        return read


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'served.sqlite3'}",
        "DEBUG": "off",
        "METRICS_TOKEN": TOKEN,
        "TMPDIR": str(tmp_path),
    }
    manage(environment, "migrate", "--verbosity=0")
    shop = SHOP.replace("stock_quantity=5", "stock_quantity=25")
    secret = manage(environment, "shell", "--verbosity=0", "--command", shop).strip()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "manage.py", "serve", "--workers=2", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Workers(process, port, secret)
        finally:
            process.terminate()


def test_several_workers_count_together_and_survive_one(workers: Workers, tmp_path: Path) -> None:
    first = {workers.spawned(), workers.spawned()}
    statuses = Counter(workers.place(f"first {n}") for n in range(20))
    assert statuses == {201: 20}
    ordered = REQUESTS, "express, POST, /api/v1/orders/, 201"
    before = workers.metrics_when(
        lambda read: (read.get((OUTCOMES, ", accepted")), read.get(ordered)) == (20, 20)
    )
    assert before["monoservices_queue_length", "orders"] == 0
    [directory] = tmp_path.glob("metrics-*")
    assert {int(file.stem.rpartition("_")[2]) for file in directory.glob("gauge_*")} == first

    dead = first.pop()
    os.kill(dead, signal.SIGKILL)
    born = workers.spawned()
    statuses = Counter(workers.place(f"then {n}") for n in range(10))
    assert statuses == {201: 5, 409: 5}
    after = workers.metrics_when(
        lambda read: read.get((OUTCOMES, "out_of_stock, refused")) == 5 and read[ordered] == 25
    )
    assert after[OUTCOMES, ", accepted"] == 25
    fallen = {
        key for key, value in before.items() if not key[0].endswith("length") and after[key] < value
    }
    assert fallen == set()
    # What the dead worker counted stays; what it had waiting does not.
    gauges = {int(file.stem.rpartition("_")[2]) for file in directory.glob("gauge_*")}
    assert (dead in gauges, gauges <= first | {born}) == (False, True)
    assert list(directory.glob(f"counter_{dead}.db")) != []

    assert workers.send("GET", "/metrics", workers.secret)[0] == 403
    workers.process.send_signal(signal.SIGTERM)
    assert workers.process.wait(DEADLINE) == 0
    assert list(tmp_path.glob("metrics-*")) == []


# Documents


def test_every_metric_is_documented() -> None:
    text = Path("docs/metrics.md").read_text()
    documented = [tuple(row[:3]) for row in table(text, "## Every metric")]
    own = [each for each in declared() if not each.name.startswith("test_")]  # of other tests
    assert documented == [
        (each.name, each.type, ", ".join(f"`{label}`" for label in each.labels).strip("`"))
        for each in own
    ]
    for each in own:
        assert (each.name.startswith(("monoservices_", "orders_")), each.meaning[-1]) == (True, ".")
        if isinstance(each, Observed):
            assert each.name.endswith(("_seconds", "_items"))


def test_the_alerts_ask_for_metrics_that_exist() -> None:
    text = Path("docs/metrics.md").read_text()
    expressions = re.findall(r"^ +expr: (.*)$", text, re.MULTILINE)
    asked = set(re.findall(r"\b(?:monoservices|orders)_\w+", " ".join(expressions)))
    names = {
        name
        for each in declared()
        for name in (
            (f"{each.name}_bucket", f"{each.name}_count", f"{each.name}_sum")
            if isinstance(each, Observed)
            else (each.name,)
        )
    }
    assert len(expressions) == 3
    assert asked - names == set()
    assert asked != set()

"""Metrics are exact for known traffic on both lanes, and documented."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from apps.orders.models import Order
from apps.products.operations import archive_product, create_product
from conftest import Api
from monoservices.metrics.declaring import Histogram, declared
from monoservices.tests.metrics.reading import growth, samples
from tests.asgi import Reply, new_django, post_order, serving
from tests.test_docs import table

OUTCOMES = "orders_outcomes_total"
REQUESTS = "monoservices_request_seconds_count"
CROSSINGS = "monoservices_crossing_seconds_count"


# Known traffic


@pytest.fixture
def products(transactional_db: None) -> dict[str, int]:
    mug = create_product(sku="MUG", name="Mug", price="9.99", stock_quantity=3)
    old = create_product(sku="OLD", name="Old", price="1", stock_quantity=3)
    archive_product(product_id=old.pk)
    return {"mug": mug.pk, "old": old.pk}


ORDERS = [  # (product, quantity, key), status
    (("mug", 1, "a"), 201),
    (("mug", 1, "a"), 201),  # a replay
    (("mug", 2, "a"), 422),  # the key was used for another request
    (("mug", 2, "b"), 201),
    (("mug", 1, "c"), 409),  # out of stock
    (("mug", 1, "d"), 409),
    (("old", 1, "e"), 409),  # archived
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
        "keys": 1,
    }
    assert growth(before, CROSSINGS) == {
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
    monkeypatch.setattr("apps.orders.placing.attempt.read_products", fail)
    expected = 503 if "unavailable" in label else 500
    assert asyncio.run(on_the_express_lane()).status == expected
    assert growth(before, OUTCOMES) == {label: 1}
    assert api.post("orders/", {"product_id": products["mug"], "quantity": 1}).status == expected
    assert growth(before, OUTCOMES) == {label: 2}
    assert Order.objects.count() == 0


# Documents


def test_every_metric_is_documented() -> None:
    text = Path("docs/reference/metrics.md").read_text()
    documented = [tuple(row[:3]) for row in table(text, "## Every metric")]
    own = [each for each in declared() if not each.name.startswith("test_")]  # no other tests'
    assert documented == [
        (each.name, each.type, ", ".join(f"`{label}`" for label in each.labels).strip("`"))
        for each in own
    ]
    for each in own:
        assert (each.name.startswith(("monoservices_", "orders_")), each.meaning[-1]) == (True, ".")
        if isinstance(each, Histogram):
            assert each.name.endswith(("_seconds", "_items"))


def test_the_alerts_ask_for_metrics_that_exist() -> None:
    text = Path("docs/how-to/monitor.md").read_text()
    expressions = re.findall(r"^ +expr: (.*)$", text, re.MULTILINE)
    asked = set(re.findall(r"\b(?:monoservices|orders)_\w+", " ".join(expressions)))
    names = {
        name
        for each in declared()
        for name in (
            (f"{each.name}_bucket", f"{each.name}_count", f"{each.name}_sum")
            if isinstance(each, Histogram)
            else (each.name,)
        )
    }
    assert len(expressions) == 5
    assert asked - names == set()
    assert asked != set()

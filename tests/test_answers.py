"""The questions that people ask have answers, and the scripts in the answers do what they say."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection

from apps.orders.models import Order
from apps.orders.operations import sweep_expired_holds
from apps.products.models import Product
from apps.products.operations import create_product
from conftest import Api
from tests.test_docs import BLOCK, ROOT, read, table
from tests.test_docs_site import links

QUESTIONS = (
    "deploy",
    "container",
    "back up",
    "currencies",
    "twice",
    "Shopify",
    "refused",
    "add a field",
    "shipped",
    "reserve",
    "parcels",
    "sends something back",
    "only reads",
)
PLACED = {"product_id": 0, "quantity": 2}


def test_every_question_has_an_answer() -> None:
    rows = table(read("docs/index.md"), "## Questions people ask")
    asked = [question for question, _ in rows]
    assert len(asked) == len(QUESTIONS)
    for words, (question, answer) in zip(QUESTIONS, rows, strict=True):
        assert words in question
        assert re.search(r"\]\(\S+\.md\b", answer), question
    assert "docs/index.md#questions-people-ask" in links(ROOT / "README.md")


# Why was an order refused


def codes_of_placing() -> set[tuple[int, str]]:
    """Status and code of each problem that `POST orders/` answers, by the OpenAPI document."""
    document = yaml.safe_load(read("docs/reference/openapi.yaml"))
    codes = set()
    for status, declared in document["paths"]["/api/v1/orders/"]["post"]["responses"].items():
        if status == "201":
            continue
        name = declared.get("$ref", "").rpartition("/")[2]
        response = document["components"]["responses"][name] if name else declared
        schema = response["content"]["application/problem+json"]["schema"]
        codes |= {(int(status), code) for code in schema["properties"]["code"]["enum"]}
    return codes


def documented_codes() -> list[tuple[int, str]]:
    rows = table(read("docs/how-to/why-was-an-order-refused.md"), "## Every code")
    return [(int(row[0]), row[1]) for row in rows]


def test_every_code_of_placing_is_explained() -> None:
    assert sorted(documented_codes()) == sorted(codes_of_placing())


@pytest.mark.parametrize(
    ("change", "headers", "expected"),
    [
        ({"quantity": 9}, {}, (409, "out_of_stock")),
        ({"expected_total": "1.00"}, {}, (409, "price_changed")),
        ({"product_id": 999}, {}, (400, "unknown_product")),
        ({"quantity": 0}, {}, (400, "invalid")),
        ({}, {"host": "evil.example"}, (400, "invalid")),
        ({}, {"authorization": "Bearer x"}, (401, "invalid_key")),
        ({"metadata": {"a": "x" * 1024 * 1024}}, {}, (413, "too_large")),
        ({}, {"content_type": "text/plain"}, (415, "unsupported_media_type")),
        ({}, {"accept": "text/html"}, (406, "not_acceptable")),
        ({"quantity": 1}, {"idempotency_key": "cart"}, (422, "idempotency_key_reused")),
    ],
)
def test_refusals(
    make_api: Callable[..., Api],
    change: dict[str, Any],
    headers: dict[str, str],
    expected: tuple[int, str],
) -> None:
    api = make_api()
    order = PLACED | {"product_id": mug(stock=5).pk}
    assert api.post("orders/", order, idempotency_key="cart").status == 201
    assert api.post("orders/", order | change, **headers).error[:2] == expected
    assert expected in documented_codes()
    assert (Order.objects.count(), Product.objects.get().stock_quantity) == (1, 3)


def test_refusals_of_keys_prices_bodies_and_products(make_api: Callable[..., Api]) -> None:
    product = mug(stock=5)
    line = {"product_id": product.pk, "quantity": 1}
    shop = make_api()
    refused = [
        Api().post("orders/", line),
        make_api("products:read").post("orders/", line),
        shop.post("orders/", {"lines": [line | {"unit_price": "1.00"}]}),
        shop.send("POST", "orders/", body=b"{"),
    ]
    Product.objects.update(is_active=False)
    refused.append(shop.post("orders/", line))
    expected = [
        (401, "not_authenticated"),
        (403, "missing_scope"),
        (403, "missing_scope"),
        (400, "malformed"),
        (409, "product_unavailable"),
    ]
    assert [each.error[:2] for each in refused] == expected
    assert {*expected} <= {*documented_codes()}
    assert (Order.objects.count(), Product.objects.get().stock_quantity) == (0, 5)


# The scripts


def mug(*, stock: int) -> Product:
    return create_product(name="Blue Mug", price="9.99", stock_quantity=stock)


def script(page: str, kind: str) -> str:
    (found,) = (text for each, text in BLOCK.findall(read(page)) if each == kind)
    return str(found)


@pytest.fixture
def run(
    transactional_db: None, live_server: Any, make_api: Callable[..., Api], tmp_path: Path
) -> Callable[..., list[str]]:
    """A function that runs a command against a live server, with a default key of `shop`.

    It returns the lines that the command prints.
    """
    shop = {"SHOP": live_server.url, "KEY": str(make_api().secret)}

    def run_command(*command: str, **settings: str) -> list[str]:
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | shop | settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run_command


def place(api: Api, product: Product, **fields: Any) -> int:
    answer = api.post("orders/", {"product_id": product.pk, "quantity": 1} | fields)
    assert answer.status == 201
    return int(answer.json["id"])


def test_each_shipped_order_is_heard_of_once(run: Callable[..., list[str]], api: Api) -> None:
    program = script("docs/how-to/hear-that-an-order-shipped.md", "python")
    command = [sys.executable, "-c", program, "2026-01-05T00:00:00Z"]
    product = mug(stock=200)
    orders = [place(api, product, reference=f"web-{number}") for number in range(103)]
    assert run(*command) == []
    # One on the first page and one on the last; the second was delivered before anybody looked.
    api.post(f"orders/{orders[-1]}/ship/")
    api.post(f"orders/{orders[0]}/ship/")
    api.post(f"orders/{orders[0]}/deliver/")
    api.post(f"orders/{orders[1]}/cancel/")
    heard = [f"Order {orders[n]} web-{n} has left." for n in (102, 0)]
    assert run(*command) == heard
    api.post(f"orders/{orders[-1]}/deliver/")
    assert run(*command) == []
    api.post(f"orders/{orders[50]}/ship/")
    assert run(*command) == [f"Order {orders[50]} web-50 has left."]


def test_a_change_that_becomes_visible_late_is_heard_of(
    run: Callable[..., list[str]], api: Api
) -> None:
    program = script("docs/how-to/hear-that-an-order-shipped.md", "python")
    command = [sys.executable, "-c", program, "2026-01-05T00:00:00Z"]
    product = mug(stock=2)
    late, newer = place(api, product), place(api, product)
    Order.objects.filter(pk=late).update(updated_at="2026-01-10T12:00:00Z")
    Order.objects.filter(pk=newer).update(updated_at="2026-01-10T12:04:00Z")
    assert run(*command) == []
    Order.objects.filter(pk=late).update(status="shipped")  # with a time before the newest seen
    assert run(*command) == [f"Order {late}  has left."]


# Reserve until payment


def expire(order: int) -> None:
    Order.objects.filter(pk=order).update(held_until="2026-01-05T00:00:00Z")


def test_what_is_held_and_paid_is_kept(api: Api) -> None:
    product = mug(stock=3)
    for is_late in (False, True):
        order = place(api, product, hold_seconds=900)
        if is_late:
            expire(order)
        assert api.post(f"orders/{order}/ship/").error[:2] == (409, "not_confirmed")
        confirmed = api.post(f"orders/{order}/confirm/")
        assert (confirmed.status, confirmed.json["held_until"]) == (200, None)
        assert api.post(f"orders/{order}/ship/").status == 200
    assert sweep_expired_holds() == 0
    assert Product.objects.get().stock_quantity == 1


def test_what_is_not_paid_in_time_is_sold_to_others(api: Api) -> None:
    product = mug(stock=1)
    unpaid = place(api, product, hold_seconds=900)
    assert [each["id"] for each in api.get("orders/?held=true").json["results"]] == [unpaid]
    buy = {"product_id": product.pk, "quantity": 1}
    assert api.post("orders/", buy).error[:2] == (409, "out_of_stock")
    expire(unpaid)
    other = place(api, product)
    taken_back = api.get(f"orders/{unpaid}/").json
    assert (taken_back["status"], taken_back["canceled_because"]) == ("canceled", "expired")
    assert api.post(f"orders/{unpaid}/confirm/").error[:2] == (409, "hold_expired")
    api.post(f"orders/{other}/cancel/")
    revived = api.post(f"orders/{unpaid}/confirm/").json
    assert (revived["status"], revived["canceled_because"]) == ("pending", None)
    assert api.post(f"orders/{other}/confirm/").error[:2] == (409, "illegal_transition")
    assert api.get("orders/?held=true").json["results"] == []
    assert len(api.get("orders/?held=false").json["results"]) == 2


def test_a_customer_who_needs_longer_and_changes_the_cart(api: Api) -> None:
    product = mug(stock=2)
    order = place(api, product, hold_seconds=900)
    until = Order.objects.get().held_until
    assert until is not None
    longer = api.patch(f"orders/{order}/", {"hold_seconds": 1800})
    assert datetime.fromisoformat(longer.json["held_until"]) > until + timedelta(seconds=899)
    cart = {"product_id": product.pk, "quantity": 3, "replaces": order, "hold_seconds": 900}
    assert api.post("orders/", cart).error[:2] == (409, "out_of_stock")
    assert api.get(f"orders/{order}/").json == longer.json
    assert api.post("orders/", cart | {"quantity": 2}).status == 201
    assert api.get(f"orders/{order}/").json["canceled_because"] == "requested"
    again = api.post("orders/", cart | {"quantity": 1})
    assert (again.error[:2], list(again.json["errors"])) == (
        (409, "illegal_transition"),
        ["replaces"],
    )
    firm = place(api, mug(stock=1))
    assert api.patch(f"orders/{firm}/", {"hold_seconds": 900}).error[:2] == (
        409,
        "illegal_transition",
    )


CLICKS = """
import { keyOf, placeOrder } from "./order-once.mjs";
const kept = new Map();
const storage = { getItem: (name) => kept.get(name) ?? null, setItem: (n, v) => kept.set(n, v) };
const server = { shop: process.env.SHOP, apiKey: process.env.KEY };
const order = JSON.parse(process.env.ORDER);
const click = () => placeOrder(order, keyOf({ id: 17 }, storage), server);
const [first, second] = await Promise.all([click(), click()]);
const changed = await placeOrder({ ...order, quantity: 1 }, keyOf({ id: 17 }, storage), server);
const next = await placeOrder(order, keyOf({ id: 18 }, storage), server);
console.log(JSON.stringify([first, second, changed, next].map((a) => [a.status, a.body])));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node to run JavaScript")
@pytest.mark.skipif(connection.vendor != "postgresql", reason="two requests at the same time")
def test_two_clicks_are_one_order(run: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "order-once.mjs").write_text(script("docs/how-to/order-once.md", "js"))
    (tmp_path / "clicks.mjs").write_text(CLICKS)
    order = PLACED | {"product_id": mug(stock=5).pk}
    (printed,) = run("node", "clicks.mjs", ORDER=json.dumps(order))
    first, second, changed, following = json.loads(printed)
    assert first == second
    assert first[0] == following[0] == 201
    assert first[1]["id"] != following[1]["id"]
    assert (changed[0], changed[1]["code"]) == (422, "idempotency_key_reused")
    assert (Order.objects.count(), Product.objects.get().stock_quantity) == (2, 1)


# A key that only reads


def test_a_key_that_only_reads(make_api: Callable[..., Api], api: Api) -> None:
    (command,) = (
        line for line in read("docs/reference/api/index.md").splitlines() if "Reports" in line
    )
    reader = make_api(*re.findall(r"--scope (\S+)", command))
    order = place(api, product := mug(stock=2))
    assert reader.get("products/").status == reader.get(f"orders/{order}/").status == 200
    for method, path in (
        ("POST", "products/"),
        ("PATCH", f"products/{product.pk}/"),
        ("POST", f"products/{product.pk}/stock/"),
        ("POST", "orders/"),
        ("POST", f"orders/{order}/cancel/"),
        ("POST", f"orders/{order}/ship/"),
    ):
        assert reader.send(method, path, {}).error[:2] == (403, "missing_scope"), path

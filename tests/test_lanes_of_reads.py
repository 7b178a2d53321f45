"""Both lanes give the same answer to the same request that reads, byte for byte."""

import asyncio
import json
import re
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from django.test import override_settings

from apps.accounts.operations import issue_key, revoke_key
from apps.orders.microservice_communication import client_id_for
from apps.orders.models import Order
from apps.orders.operations import cancel_order, place_order
from apps.orders.placing.requests import Charge, LineRequest, order_request
from apps.products.models import Product
from apps.products.operations import archive_product, create_product
from monoservices.server.asgi import Scope
from tests.asgi import Reply, http_scope, with_hyphens
from tests.lanes import on_both

READS = {"products:read", "orders:read"}
HUGE = 2**63
RATE = Decimal("19.00")

pytestmark = pytest.mark.django_db(transaction=True, reset_sequences=True)


class Sent(NamedTuple):
    """A request that reads. path: below /api/v1/. key: by name. headers: None leaves one out."""

    path: str
    method: str = "GET"
    key: str = "shop"
    headers: dict[str, str | None] = {}
    body: bytes = b""
    scheme: str = "http"


class Shop:
    """Products 1 to 25, of which the last is archived; orders of two clients; and their keys."""

    def __init__(self) -> None:
        for number in range(1, 26):
            create_product(
                sku=f"P{number}",
                name="Tee \u2028 \U0001f375",
                description='"<&>"',
                price=f"{number}.10",
                stock_quantity=100 + number,
            )
        archive_product(product_id=25)
        self.secrets = {
            name: issue_key(client_name=client, scopes=scopes).secret
            for name, client, scopes in [
                ("shop", "shop", READS),
                ("other", "other", READS),
                ("staff", "staff", READS | {"orders:manage"}),
                ("none", "shop", {"orders:write"}),
            ]
        }
        revoked = issue_key(client_name="shop", scopes=READS)
        revoke_key(key_id=revoked.key.pk)
        self.secrets |= {"revoked": revoked.secret, "unknown": "tp_" + "x" * 43, "bad": "x"}
        clients = [revoked.key.client_id, client_id_for(built_in="demo")]
        for number in range(1, 31):
            lines = [
                LineRequest(
                    path="", product_id=product, quantity=1, tax_rate=(None, RATE)[number % 2]
                )
                for product in range(24, 24 - number % 3 - 1, -1)
            ]
            metadata: Any = {"b": [1.5, None, {"\xe9": True}], "a": ""} if number % 2 else {}
            client_id = clients[number % 5 == 0]
            charges = (Charge(type="fee", label="\u2028", amount=RATE, tax_amount=-RATE),)
            request = order_request(
                client_id=client_id,
                lines=lines,
                metadata=metadata,
                charges=charges if number % 4 == 0 else (),
            )
            place_order(request)
        cancel_order(order_id=1, actor="test")

    def request(self, sent: Sent) -> tuple[Scope, bytes]:
        usual = {"authorization": f"Bearer {self.secrets[sent.key]}"}
        named = {name: text for name, text in (usual | sent.headers).items() if text is not None}
        path, _, query = sent.path.partition("?")
        headers = with_hyphens(named).items()
        scope = http_scope(sent.method, f"/api/v1/{path}", headers, query=query, scheme=sent.scheme)
        return scope, sent.body


def asked(*sent: Sent) -> list[tuple[Reply, str]]:
    """The one answer of both lanes to each request, and the lane that the front has chosen."""
    shop = Shop()
    requests = [shop.request(each) for each in sent]
    pairs = asyncio.run(on_both(requests, requests))
    for each, (fast, slow, _) in zip(sent, pairs, strict=True):
        assert fast == slow, each
    return [(fast, lane) for fast, _, lane in pairs]


EXPRESS = {
    200: [
        *("products/1/", "products/25/", "products/1/?a=%FF&a=1", "orders/1/", "orders/2/"),
        *("products/", "products/?limit=1", "products/?limit=100", "products/?limit=20"),
        *("products/?ids=1", "products/?ids=25,3,3,999,1", f"products/?ids={HUGE},1,{HUGE + 1}"),
        *("products/?sku=P3", "products/?sku=P3&sku=P1&sku=none&sku=P3", "products/?"),
        *("orders/", "orders/?limit=3", "orders/?limit=100"),
        *("products/availability/?ids=1", "products/availability/?ids=3,25,1,3,999"),
        f"products/availability/?ids={','.join(map(str, range(1, 101)))}",
    ],
    404: [
        "products/0/",
        "products/26/",
        "orders/0/",
        "orders/5/",
        f"orders/{HUGE - 1}/",
        f"products/{HUGE}/",
    ],
    400: [f"products/?{'&'.join(['a=1'] * 1001)}"],  # more than Django takes
}
DJANGO = {
    200: [
        *("products/?in_stock=true", "products/?limit=2&ordering=-price", "products/?search=tee"),
        *("products/?ids=1&sku=P1", "products/?ids=1&limit=1", "products/?ids=1,2&is_active=true"),
        f"products/?ids={HUGE},1&in_stock=true",
        *("orders/?status=pending", "orders/?product_id=24&limit=2", "orders/1/events/"),
    ],
    400: [
        *("products/?limit=0", "products/?limit=101", "products/?limit=x", "products/?cursor=x"),
        *("products/?limit=1&limit=1", "products/?unknown=1", "products/?limit=", "products/?%FF"),
        *("products/?ids=", "products/?ids=0", "products/?ids=1,,2", "products/?ids=1&ids=2"),
        f"products/?ids={','.join(['1'] * 101)}",
        f"products/?{'&'.join(['sku=A'] * 101)}",
        *("products/?sku=", "products/?sku=%20a", "products/?sku=%00"),
        *("orders/?limit=-1", "orders/?cursor=", "orders/?ids=1", "orders/?sku=P1"),
        *("products/availability/", "products/availability/?ids=a", "products/availability/?id=1"),
        "products/availability/?ids=1&limit=1",
    ],
    404: [f"orders/{'9' * 30}/", "orders/-1/", "orders/1", "products/\u0661/"],
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_addresses(method: str) -> None:
    expected = [
        (lane, status, path)
        for lane, table in {"express": EXPRESS, "django": DJANGO}.items()
        for status, paths in table.items()
        for path in paths
    ]
    answers = asked(*(Sent(path, method) for _, _, path in expected))
    found = [
        (lane, reply.status, path)
        for (reply, lane), (_, _, path) in zip(answers, expected, strict=True)
    ]
    assert found == expected
    if method == "HEAD":
        assert {reply.body for reply, _ in answers} == {b""}


KEYS = [
    ("orders/2/", {"shop": 200, "other": 404, "staff": 200, "none": 403}),
    ("orders/5/", {"shop": 404, "staff": 200}),
    ("products/1/", {"none": 403, "revoked": 401, "unknown": 401, "bad": 401}),
    ("orders/", {"other": 200, "staff": 200, "none": 403, "revoked": 401}),
    ("products/availability/?ids=1", {"none": 403, "unknown": 401}),
]


def test_keys() -> None:
    cases = [(path, key, status) for path, by_key in KEYS for key, status in by_key.items()]
    answers = asked(*(Sent(path, key=key) for path, key, _ in cases))
    assert [reply.status for reply, _ in answers] == [status for _, _, status in cases]
    orders = {
        key: len(json.loads(reply.body)["results"])
        for (reply, _), (path, key, status) in zip(answers, cases, strict=True)
        if path == "orders/" and status == 200
    }
    assert orders == {"other": 0, "staff": 20}


HEADERS: list[tuple[dict[str, str | None], str, int]] = [
    ({"authorization": None}, "django", 401),
    ({"accept": "*/*"}, "express", 200),
    ({"accept": "application/json"}, "express", 200),
    ({"accept": "application/json, text/plain, */*"}, "express", 200),
    ({"accept": "text/html"}, "django", 406),
    ({"cookie": "sessionid=x"}, "django", 200),
    ({"content_type": "text/plain"}, "express", 200),
    ({"content_encoding": "gzip"}, "django", 200),
    ({"idempotency_key": ""}, "express", 200),
    ({"range": "bytes=0-1"}, "express", 200),
    ({"if_match": "x"}, "express", 200),
    ({"if_modified_since": "Sun, 29 Nov 2026 00:00:00 GMT"}, "express", 200),
    ({"host": "LocalHost:8000"}, "express", 200),
    ({"host": "evil.example"}, "django", 400),
    ({"if_none_match": '"1"'}, "express", 304),
    ({"if_none_match": 'W/"1"'}, "express", 304),
    ({"if_none_match": '"0", W/"1"'}, "express", 304),
    ({"if_none_match": "*"}, "express", 304),
    ({"if_none_match": '"2"'}, "express", 200),
    ({"if_none_match": "1"}, "express", 200),
    ({"if_none_match": ""}, "express", 200),
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_headers(method: str) -> None:
    answers = asked(*(Sent("orders/2/", method, headers=sent) for sent, _, _ in HEADERS))
    found = [(lane, reply.status) for reply, lane in answers]
    assert found == [(lane, status) for _, lane, status in HEADERS]
    known = [reply for reply, _ in answers if reply.status == 304]
    assert {(reply.body, reply.headers["etag"]) for reply in known} == {(b"", '"1"')}


def test_a_body_is_left_to_django() -> None:
    [(reply, lane)] = asked(Sent("products/1/", headers={"content_length": "2"}, body=b"{}"))
    assert (reply.status, lane) == (200, "django")


def test_over_https() -> None:
    with override_settings(SECURE_SSL_REDIRECT=True, SECURE_HSTS_SECONDS=3600):
        [(clear, _), (safe, lane)] = asked(
            Sent("products/?limit=1"), Sent("products/?limit=1", scheme="https")
        )
    assert (clear.status, safe.status, lane) == (403, 200, "express")
    assert json.loads(safe.body)["next"].startswith("https://localhost/api/v1/products/?cursor=")


@pytest.mark.parametrize(
    ("path", "keys"),
    [("products/", range(1, 26)), ("orders/", [each for each in range(30, 0, -1) if each % 5])],
)
def test_every_page_there_and_back(path: str, keys: Any) -> None:
    """Each cursor that one lane has written, both lanes read."""
    shop = Shop()

    def read(url: str) -> Any:
        request = shop.request(Sent(url.removeprefix("http://localhost/api/v1/")))
        [(fast, slow, lane)] = asyncio.run(on_both([request], [request]))
        assert fast == slow
        assert (fast.status, lane) == (200, "express")
        return json.loads(fast.body)

    there, url = [], f"{path}?limit=7"
    while url:
        there.append(page := read(url))
        url = page["next"]
    assert [each["id"] for page in there for each in page["results"]] == [*keys]
    back, url = [there[-1]], there[-1]["previous"]
    while url:
        back.append(page := read(url))
        url = page["previous"]
    assert [page["results"] for page in reversed(back)] == [page["results"] for page in there]
    assert read(back[-1]["next"])["results"] == there[1]["results"]


def test_a_cursor_belongs_to_its_list_and_ordering() -> None:
    shop = Shop()

    def cursor(path: str) -> str:
        request = shop.request(Sent(path))
        [(fast, _, _)] = asyncio.run(on_both([request], [request]))
        match = re.search(r"cursor=([^&]+)", json.loads(fast.body)["next"])
        assert match is not None
        return match[1]

    products, orders = cursor("products/?limit=1"), cursor("orders/?limit=1")
    by_price = cursor("products/?limit=1&ordering=price")
    sent = [
        *(f"products/?cursor={orders}", f"orders/?cursor={products}"),
        *(f"products/?cursor={by_price}", f"products/?cursor={products}x"),
        f"products/?ordering=price&cursor={products}",
    ]
    requests = [shop.request(Sent(path)) for path in sent]
    pairs = asyncio.run(on_both(requests, requests))
    assert [(fast.status, fast) for fast, _, _ in pairs] == [(400, slow) for _, slow, _ in pairs]


def test_what_is_shown() -> None:
    """The fields are those of the models, as they are."""
    [(product, _), (order, _), (available, _)] = asked(
        Sent("products/25/"), Sent("orders/1/"), Sent("products/availability/?ids=25,2")
    )
    stored = Product.objects.get(pk=25)
    assert json.loads(product.body) == {
        "id": 25,
        "sku": "P25",
        "name": "Tee \u2028 \U0001f375",
        "description": '"<&>"',
        "price": "25.10",
        "currency": "EUR",
        "stock_quantity": 125,
        "committed_quantity": 0,
        "on_hand": 125,
        "is_active": False,
        "created_at": moment(stored.created_at),
        "updated_at": moment(stored.updated_at),
    }
    placed = Order.objects.get(pk=1)
    line_ids = placed.lines.values_list("pk", flat=True)
    assert json.loads(order.body) == {
        "id": 1,
        "status": "canceled",
        "currency": "EUR",
        "total": "47.20",
        "credited": "0.00",
        "paid": "0.00",
        "due": "0.00",
        "payment_status": "unpaid",
        "needs_refund": False,
        "reference": "",
        "customer_email": "",
        "shipping_address": {},
        "metadata": {"a": "", "b": [1.5, None, {"\xe9": True}]},
        "lines": [
            {
                "id": line_id,
                "product_id": key,
                "sku": f"P{key}",
                "product_name": "Tee \u2028 \U0001f375",
                "unit_price": f"{key}.10",
                "quantity": 1,
                "shipped_quantity": 0,
                "canceled_quantity": 1,
                "returned_quantity": 0,
                "tax_rate": "19.00",
                "tax_amount": None,
            }
            for line_id, key in zip(line_ids, (24, 23), strict=True)
        ],
        "charges": [],
        "held_until": None,
        "canceled_because": "requested",
        "created_at": moment(placed.created_at),
        "updated_at": moment(placed.updated_at),
    }
    assert json.loads(available.body)["results"] == [
        {"id": 25, "available": 0, "price": "25.10", "currency": "EUR"},
        {"id": 2, "available": 102, "price": "2.10", "currency": "EUR"},
    ]


def moment(at: Any) -> str:
    return str(at.isoformat()).replace("+00:00", "Z")

"""Bodies and files through the ASGI application: limits of size, and streaming."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from apps.orders.models import Order
from apps.products.apps import MAX_IMPORT_BYTES
from apps.products.models import Product
from apps.products.operations import create_product
from config.wsgi import application as django
from conftest import Api
from monoservices.server.asgi import Message
from monoservices.server.front import Front
from monoservices.services.config import services
from tests.asgi import http_scope, request_parts, serving, with_hyphens

MIB = 1024 * 1024
ORDERS, IMPORT, EXPORT = (
    f"/api/v1/{path}" for path in ("orders/", "products/import/", "products/export/")
)
HEADER = b"sku,name,price,description\n"


@dataclass
class AsgiResponse:
    """What was sent. pieces: of the body, as they came. unread: parts of the request's body."""

    unread: int
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)

    @property
    def content(self) -> bytes:
        return b"".join(self.pieces)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): text.decode() for name, text in message["headers"]}
        elif message["body"]:
            self.pieces.append(message["body"])


async def ask(
    method: str, path: str, parts: Sequence[bytes], headers: dict[str, str]
) -> AsgiResponse:
    """The response of a new front to a request whose body comes in `parts`, when all is done.

    The body is chunked unless the headers have a `content-length`.
    """
    response = AsgiResponse(unread=len(parts))
    messages = iter(request_parts(*parts))
    if parts and "content-length" not in headers:
        headers["transfer-encoding"] = "chunked"

    async def receive() -> Message:
        response.unread = max(0, response.unread - 1)
        for message in messages:
            return message
        return await asyncio.Future()  # the client stays

    async with serving(django) as front:
        await front(http_scope(method, path, headers.items()), receive, response.send)
    return response


Send = Callable[..., AsgiResponse]


@pytest.fixture
def send(transactional_db: None, api: Api, monkeypatch: pytest.MonkeyPatch) -> Send:
    """A function that sends one request to a new front, and waits until all is done."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)  # because the threads end here

    def send(method: str, path: str, *parts: bytes, **headers: str) -> AsgiResponse:
        own = {"authorization": f"Bearer {api.secret}"} | headers
        return asyncio.run(ask(method, path, parts, with_hyphens(own)))

    return send


def in_parts(body: bytes, size: int = 64 * 1024) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def csv_of(size: int) -> tuple[bytes, int]:
    """A file of `size` bytes, and the number of its products."""
    row = b"A-%06d,Mug,9.99," + b"x" * 980 + b"\n"
    count, rest = divmod(size - len(HEADER), len(row % 0))
    rows = [row % number for number in range(count)]
    rows[-1] = rows[-1][:-1] + b"x" * rest + b"\n"
    return HEADER + b"".join(rows), count


def order_of(product: Product, size: int) -> bytes:
    """An order in a body of `size` bytes."""
    order = json.dumps({"product_id": product.pk, "quantity": 1}).encode()
    return order[:-1] + b" " * (size - len(order)) + b"}"


def code(response: AsgiResponse) -> tuple[int, str]:
    return response.status, json.loads(response.content)["code"]


def test_where_large_bodies_are_taken() -> None:
    taken = {reverse(name): size for each in services() for name, size in each.large_bodies.items()}
    assert taken == {IMPORT: 64 * MIB}
    assert MAX_IMPORT_BYTES == 64 * MIB


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_an_import_of_two_mib(send: Send, announced: bool) -> None:
    body, count = csv_of(2 * MIB)
    assert len(body) == 2 * MIB
    headers = {"content_type": "text/csv"}
    if announced:
        headers["content_length"] = str(len(body))
    response = send("POST", IMPORT, *in_parts(body), **headers)
    assert response.status == 200
    report = json.loads(response.content)
    assert (report["created"], report["refused"], len(report["rows"])) == (count, 0, count)
    assert Product.objects.count() == count
    assert Product.objects.get(sku=f"A-{count - 1:06}").description.count("x") >= 980


def test_a_file_beyond_its_limit_is_refused_unread(send: Send) -> None:
    response = send(
        "POST", IMPORT, HEADER, content_type="text/csv", content_length=str(64 * MIB + 1)
    )
    assert code(response) == (413, "too_large")
    assert response.headers["connection"] == "close"
    assert response.unread == 1


def test_a_chunked_file_beyond_its_limit_is_refused_where_it_gets_there(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Front, "large_bodies", {IMPORT: 2 * MIB})
    parts = in_parts(HEADER + b"x" * 3 * MIB, MIB)
    response = send("POST", IMPORT, *parts, content_type="text/csv")
    assert code(response) == (413, "too_large")
    assert response.unread == 1
    assert not Product.objects.exists()


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_an_order_of_one_mib_is_placed_and_no_larger_one(send: Send, announced: bool) -> None:
    product = create_product(name="Mug", price="1", stock_quantity=5)

    def place(size: int) -> AsgiResponse:
        headers: dict[str, Any] = {"content_type": "application/json"}
        if announced:
            headers["content_length"] = str(size)
        return send("POST", ORDERS, *in_parts(order_of(product, size)), **headers)

    assert place(MIB).status == 201
    assert code(place(MIB + 1)) == (413, "too_large")
    assert Order.objects.count() == 1


def test_a_large_file_elsewhere_is_refused(send: Send) -> None:
    body, _ = csv_of(2 * MIB)
    response = send("POST", "/api/v1/products/", *in_parts(body), content_type="text/csv")
    assert code(response) == (413, "too_large")
    assert not Product.objects.exists()


def test_an_export_is_sent_in_pieces(send: Send, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        create_product(sku=f"A-{number}", name="Mug", price="1")
    monkeypatch.setattr("monoservices.files.exporting.PIECE_BYTES", 1)
    response = send("GET", EXPORT)
    assert response.status == 200
    assert "content-length" not in response.headers
    first, *rows = response.pieces
    header, row = first.splitlines()
    assert header.startswith(b"id,sku,")
    assert [row.split(b",")[1] for row in [row, *rows]] == [b"A-0", b"A-1", b"A-2"]
    assert response.content == api.get("products/export/").content

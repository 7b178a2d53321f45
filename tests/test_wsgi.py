"""Requests that a WSGI server may pass on, although no well-behaved client sends them."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from apps.orders.models import Order
from apps.products.models import Product
from config.wsgi import application
from conftest import Api

Send = Callable[..., tuple[int, bytes]]


@pytest.fixture
def send(transactional_db: None, api: Api) -> Send:
    """A function that calls the WSGI application: `send("GET", path, body, **environ)`."""

    def send(method: str, path: str, body: bytes = b"", **environ: Any) -> tuple[int, bytes]:
        status: list[str] = []
        base = {
            "CONTENT_TYPE": "application/json",
            "HTTP_AUTHORIZATION": f"Bearer {api.secret}",
            "HTTP_HOST": "localhost",
            "PATH_INFO": f"/api/v1/{path}",
            "QUERY_STRING": "",
            "REQUEST_METHOD": method,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.errors": io.StringIO(),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
        }
        start: Any = lambda line, headers: status.append(line)  # noqa: E731
        response = application(base | environ, start)
        content = b"".join(response)
        response.close()
        return int(status[0].split()[0]), content

    return send


@pytest.fixture
def product(transactional_db: None) -> Product:
    return Product.create_product("Blue Mug", "", "9.99", 5)


def order_body(product: Product) -> bytes:
    return b'{"product_id": %d, "quantity": 1}' % product.pk


@pytest.mark.parametrize("length", ["", "0", "-1", "5", "abc", "1_0", "0x20"])
def test_a_wrong_content_length_places_no_order(send: Send, product: Product, length: str) -> None:
    status, content = send("POST", "orders/", order_body(product), CONTENT_LENGTH=length)
    assert (status, b'"code":"malformed"' in content) == (400, True)
    assert Order.objects.count() == 0


@pytest.mark.parametrize("headers", [{}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
@pytest.mark.parametrize("route", ["products/{}/", "orders/"])
def test_a_body_without_its_length_is_not_taken_for_an_empty_change(
    send: Send, product: Product, headers: dict[str, str], route: str
) -> None:
    method = "PATCH" if "{}" in route else "POST"
    status, content = send(method, route.format(product.pk), b'{"name": "Red Mug"}', **headers)
    assert (status, b"no Content-Length" in content) == (400, True)


def test_a_body_that_ends_early_is_malformed(send: Send, product: Product) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("connection reset by peer")

    status, content = send("POST", "orders/", CONTENT_LENGTH="33", **{"wsgi.input": Broken()})
    assert (status, b"The request body ended early." in content) == (400, True)


@pytest.mark.parametrize(
    "charset", ["hex", "idna", "punycode", "undefined", "utf-16", "utf-7", "x", '"', "\xe9"]
)
def test_the_charset_of_a_body_changes_nothing(send: Send, product: Product, charset: str) -> None:
    headers = {"CONTENT_TYPE": f"application/json; charset={charset}"}
    status, content = send("GET", "products/", QUERY_STRING="search=Bl%75e", **headers)
    assert (status, content.count(b"Blue Mug")) == (200, 1)
    body = '{"name": "Grüne Tasse"}'.encode()
    status, _ = send(
        "PATCH", f"products/{product.pk}/", body, CONTENT_LENGTH=str(len(body)), **headers
    )
    product.refresh_from_db()
    assert (status, product.name) == (200, "Grüne Tasse")


def test_a_method_that_is_none(send: Send) -> None:
    for method in ("INITIAL", "DISPATCH", "HTTP_METHOD_NOT_ALLOWED", "X" * 5_000, "\xe9"):
        assert send(method, "products/")[0] == 405

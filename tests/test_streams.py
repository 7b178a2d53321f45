"""Exports whose readers stall, leave or meet an error: nobody else reads an old state."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from threading import Thread
from typing import Any, NoReturn

import pytest
from django.db import connection
from django.test import RequestFactory

from apps.orders.tests.factories import line, make_order
from apps.products.export.rows import export_products
from apps.products.models import Product
from apps.products.operations import create_product
from conftest import Api
from monoservices.files.exporting import Format
from tests.asgi import new_django
from tests.conftest import MakeDatabase
from tests.test_serve import DEADLINE, Served, serving

ROUTES = {
    "products, CSV": ("products/export/", "text/csv"),
    "products, JSON Lines": ("products/export/", "application/jsonl"),
    "orders, CSV": ("orders/export/", "text/csv"),
    "orders, JSON Lines": ("orders/export/", "application/jsonl"),
}
READERS = 3
ORDERS = 20

# The export is larger than everything between the server and a reader that buffers.
SHOP = f"""
from apps.accounts.operations import issue_key
from apps.products.models import Product
from apps.products.operations import create_product
create_product(name="Blue Mug", price="9.99", stock_quantity={2 * ORDERS})
large = [Product(name="Rug", price=1, description="x" * 9_000) for _ in range(1_200)]
Product.objects.bulk_create(large, batch_size=500)
print(issue_key(client_name="shop").secret)
"""


@pytest.fixture
def server(make_database: MakeDatabase) -> Iterator[Served]:
    with serving(make_database("streams", ""), shop=SHOP) as server:
        assert server.process.stderr is not None
        # A full pipe would stop the server.
        Thread(target=server.process.stderr.read, daemon=True).start()
        assert server.send("GET", "/livez")[0] == 200
        yield server


def begin_export(server: Served) -> socket.socket:
    """A reader that has asked for all products, and has read their first bytes."""
    reader = socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE)
    reader.sendall(
        b"GET /api/v1/products/export/ HTTP/1.1\r\nHost: localhost\r\n"
        b"Authorization: Bearer " + server.secret.encode() + b"\r\n\r\n"
    )
    begin = b""
    while b"Rug" not in begin:
        piece = reader.recv(4096)
        assert piece != b"", begin
        begin += piece
    assert begin.startswith(b"HTTP/1.1 200 OK\r\n")
    return reader


def assert_orders_are_seen(server: Served, stock: int) -> int:
    """Place orders, and read the stock that each one leaves. Return what is left."""
    for left in range(stock - 1, stock - 1 - ORDERS, -1):
        status, _ = server.send("POST", "/api/v1/orders/", {"product_id": 1, "quantity": 1})
        assert status == 201
        status, product = server.send("GET", "/api/v1/products/1/")
        assert (status, json.loads(product)["stock_quantity"]) == (200, left)
    return left


def test_readers_that_stall_and_leave_do_not_hold_an_old_state_for_others(server: Served) -> None:
    stock = 2 * ORDERS
    with ExitStack() as readers:
        for _ in range(READERS):
            readers.enter_context(closing(begin_export(server)))
        stock = assert_orders_are_seen(server, stock)
    # The readers have left.
    assert assert_orders_are_seen(server, stock) == 0


@pytest.fixture
def product(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Product:
    """The last of many products, with many orders, which are exported row by row."""
    monkeypatch.setattr("monoservices.files.exporting.CHUNK_SIZE", 2)
    monkeypatch.setattr("monoservices.files.exporting.PIECE_BYTES", 1)
    products = [create_product(name="Mug", price="1.00", stock_quantity=9) for _ in range(8)]
    for each in products:
        make_order(line(each.pk))
    return products[-1]


def rename(product: Product) -> None:
    """Somebody else names the product anew."""

    def work() -> None:
        try:
            Product.objects.filter(pk=product.pk).update(name="Cup")
        finally:
            connection.close()

    thread = Thread(target=work)
    thread.start()
    thread.join()


def assert_nothing_is_held(product: Product) -> None:
    """What was committed meanwhile is seen here, and no cursor is left."""
    assert Product.objects.get(pk=product.pk).name == "Cup"
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE '%django%'")
            assert cursor.fetchone() == (0,)


def begin_response(api: Api, route: str) -> Any:
    """The response of a WSGI application to an export, of which two pieces were read."""
    path, accept = ROUTES[route]
    request = RequestFactory().get(
        f"/api/v1/{path}", headers={"authorization": f"Bearer {api.secret}", "accept": accept}
    )
    statuses: list[str] = []
    response = new_django()(request.environ, lambda status, *_: statuses.append(status))
    pieces = iter(response)
    assert statuses == ["200 OK"]
    assert next(pieces) != next(pieces)
    return response


@pytest.mark.parametrize("route", ROUTES)
def test_a_response_that_closes_holds_nothing(api: Api, product: Product, route: str) -> None:
    response = begin_response(api, route)
    rename(product)
    response.close()
    assert_nothing_is_held(product)


@pytest.mark.parametrize("route", ROUTES)
def test_a_response_that_was_never_read_holds_nothing_either(
    api: Api, product: Product, route: str
) -> None:
    path, accept = ROUTES[route]
    response = api.client.get(
        f"/api/v1/{path}", headers={"authorization": f"Bearer {api.secret}", "accept": accept}
    )
    rename(product)
    response.close()
    assert_nothing_is_held(product)


def test_a_row_that_fails_ends_the_statement(product: Product, monkeypatch: Any) -> None:
    from_db = Product.from_db
    rows: list[Any] = []

    def fail_late(*args: Any) -> Any:
        rows.append(args)
        return from_db(*args) if len(rows) < 3 else fail()

    def fail() -> NoReturn:
        rename(product)
        raise OSError("a bad row")

    with monkeypatch.context() as patch:
        patch.setattr(Product, "from_db", fail_late)
        pieces = export_products(Product.objects.all(), file_format=Format.JSON_LINES)
        # The error keeps the frames that it went through, and what they refer to.
        with pytest.raises(OSError, match=r"^a bad row$") as failure:
            list(pieces)
    assert_nothing_is_held(product)
    assert failure.tb is not None


def test_control_a_statement_that_is_open_holds_an_old_state(product: Product) -> None:
    rows = iter(Product.objects.order_by("pk").iterator(2))
    next(rows)
    rename(product)
    if connection.vendor == "sqlite":
        assert Product.objects.get(pk=product.pk).name == "Mug"
    else:
        with pytest.raises(AssertionError):
            assert_nothing_is_held(product)
    del rows
    assert_nothing_is_held(product)

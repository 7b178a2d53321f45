"""A write that is lost in COMMIT is answered as not known, on both lanes, and can be settled."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from apps.orders.models import Order
from apps.orders.tests.product_rows import in_stock, make_product
from apps.products.models import Product, StockMovement
from monoservices.database import pipelining
from tests.asgi import Reply
from tests.books import assert_books_balance
from tests.database.proxy import Fault, Proxy, error_response, proxied
from tests.database.requests import Shop, open_shop, problem

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is in this process"),
    pytest.mark.django_db(transaction=True),
]

UNKNOWN = (503, "outcome_unknown")


@pytest.fixture
def proxy(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with proxied("", monkeypatch) as proxy:
        yield proxy


@pytest.fixture
def shop(proxy: Proxy) -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop
        proxy.fault = None
    assert_books_balance()


def placed(shop: Shop, product_id: int) -> int:
    reply = shop.send("POST", "orders/", {"product_id": product_id, "quantity": 1})
    assert reply.status == 201, reply
    order_id: int = json.loads(reply.body)["id"]
    return order_id


def is_unknown(reply: Reply) -> bool:
    assert reply.headers["retry-after"] == "1"
    assert b"Nothing was done" not in reply.body
    assert b"Send the same request again with the same Idempotency-Key" in reply.body
    return problem(reply) == UNKNOWN


Write = tuple[str, str, Any, str, Callable[[], bool]]


def writes(mug: Any, order_id: int) -> list[Write]:
    """Each write: (method, path, body, whether it takes a key, whether it was done)."""
    product, orders = Product.objects.filter(pk=mug.id), Order.objects.filter(pk=order_id)
    change = {"delta": 2, "reason": "received"}
    several = {"movements": [{"product_id": mug.id, **change}]}
    return [
        ("POST", "products/", {"name": "Pot", "price": "1.00", "sku": "POT"}, "",
         Product.objects.filter(sku="POT").exists),
        ("PATCH", f"products/{mug.id}/", {"name": "Cup"}, "", product.filter(name="Cup").exists),
        ("POST", f"products/{mug.id}/stock/", change, "one",
         StockMovement.objects.filter(idempotency_key__endswith="one").exists),
        ("POST", "stock/", several, "many", product.filter(stock_quantity=13).exists),
        ("PATCH", f"orders/{order_id}/", {"reference": "R"}, "",
         orders.filter(reference="R").exists),
        ("POST", f"orders/{order_id}/ship/", None, "", orders.filter(status="shipped").exists),
        ("POST", f"orders/{order_id}/deliver/", None, "",
         orders.filter(status="delivered").exists),
        ("POST", "orders/", {"product_id": mug.id, "quantity": 1}, "placed",
         Order.objects.filter(idempotency_key="placed").exists),
        ("DELETE", f"products/{mug.id}/", None, "", product.filter(is_active=False).exists),
    ]  # fmt: skip


def test_every_write_on_djangos_lane(shop: Shop, proxy: Proxy) -> None:
    mug = make_product(stock=10)
    for method, path, body, key, was_done in writes(mug, placed(shop, mug.id)):
        for forward in (False, True):
            proxy.fault = Fault(forward=forward, answer=error_response("08P01"))
            reply = shop.send(method, path, body, key=key, express=False)
            assert is_unknown(reply), (method, path, forward, reply)
            assert was_done() is forward, (method, path)
    assert proxy.met == 2 * len(writes(mug, 0))


@pytest.mark.parametrize("answer", [b"", error_response("57P01")], ids=["cut", "made up"])
def test_what_has_a_key_is_settled_by_sending_it_again(
    shop: Shop, proxy: Proxy, answer: bytes
) -> None:
    mug = make_product(stock=10)
    order = {"product_id": mug.id, "quantity": 1}
    change = {"delta": 2, "reason": "received"}
    for path, body in (("orders/", order), (f"products/{mug.id}/stock/", change)):
        proxy.fault = Fault(answer=answer)
        assert is_unknown(shop.send("POST", path, body, key="k", express=False))
        again = shop.send("POST", path, body, key="k", express=False)
        assert (again.status, again.headers["idempotent-replayed"]) == (201, "true")
    assert (Order.objects.count(), in_stock(mug)) == (1, 11)


@pytest.mark.parametrize("forward", [True, False], ids=["committed", "not committed"])
def test_a_batch_is_settled_by_its_second_attempt(shop: Shop, proxy: Proxy, forward: bool) -> None:
    mug = make_product(stock=3)
    placed(shop, mug.id)
    proxy.fault = Fault(forward=forward, answer=error_response("08P01"))
    order = {"product_id": mug.id, "quantity": 1}
    replies = shop.send_all(("POST", "orders/", order, "a"), ("POST", "orders/", order, "b"))
    assert [reply.status for reply in replies] == [201, 201]
    assert ["idempotent-replayed" in reply.headers for reply in replies] == [forward] * 2
    assert (proxy.met, Order.objects.count(), in_stock(mug)) == (1, 3, 0)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(answer=error_response("08P01"), always=True),
        Fault(forward=False, always=True),
        Fault(stall=True, always=True),
        Fault(forward=False, stall=True, always=True),
    ],
    ids=["made up", "cut", "no answer", "no answer, not committed"],
)
def test_a_batch_that_nothing_settles(
    shop: Shop, proxy: Proxy, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipelining, "LONGEST_WAIT_SECONDS", 0.5)
    mug = make_product(stock=10)
    placed(shop, mug.id)
    proxy.fault = fault
    order = {"product_id": mug.id, "quantity": 1}
    sent = [("POST", "orders/", order, f"key {number}") for number in range(3)]
    replies = shop.send_all(*sent)
    assert all(is_unknown(reply) for reply in replies)
    assert Order.objects.count() == (4 if fault.forward else 1)
    proxy.fault = None
    assert [reply.status for reply in shop.send_all(*sent)] == [201] * 3
    assert (Order.objects.count(), in_stock(mug)) == (4, 6)

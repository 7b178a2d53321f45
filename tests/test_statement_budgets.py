"""The exact number of statements of each route and operation, whatever the number of rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from apps.orders.fulfilment.shipping import Shipped
from apps.orders.models import Order, OrderLine, Return, Shipment
from apps.orders.operations import (
    LineUnits,
    OrderChange,
    ReturnedUnits,
    ReturnRequest,
    ShipmentRequest,
    cancel_order,
    change_order,
    place_orders,
    return_goods,
    ship_orders,
    sweep_expired_holds,
)
from apps.orders.placing.requests import OrderRequest, PlacedOrder
from apps.orders.tests.factories import line, make_order, shop_request
from apps.orders.tests.product_rows import make_product
from apps.payments.operations import Money, record_payment, record_refund
from apps.products.models import Product
from apps.products.operations import change_stock
from conftest import Api
from tests.shop import is_of_shop

pytestmark = pytest.mark.django_db

CLOCK = 1 if connection.vendor == "postgresql" else 0
MONEY = Money(amount=Decimal(5), method="cash", note="change given")
STOCK_ALONE = 1 if connection.vendor == "sqlite" else 0
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")

# One statement looks up the API key.
BUDGETS = {
    "product-list": 2,
    "product-availability": 2,
    "product-export": 2,
    "product": 2,
    "product-movements": 3,
    "order-list": 2,
    "order-export": 2,
    "order": 2,
    "order-events": 3,
    "order-shipments": 3,
    "order-returns": 3,
    "shipment-list": 2,
    "shipment-export": 2,
    "shipment": 2,
    "return-list": 2,
    "return-export": 2,
    "return": 2,
    "order-payments": 3,
    "order-refunds": 3,
    "payment-list": 2,
    "payment-export": 2,
}
"""Statements of GET, by the route's name."""


@contextmanager
def statements() -> Iterator[list[str]]:
    """Yield a list. After the block it contains the executed statements."""
    executed: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield executed
    every = [query["sql"] for query in captured]
    executed.extend(sql for sql in every if not sql.startswith(TRANSACTION_CONTROL))


@pytest.fixture
def product_ids() -> list[int]:
    """The ids of three hundred products."""
    products = [Product(name="Mug", price="1.00", stock_quantity=1_000_000) for _ in range(300)]
    return [product.pk for product in Product.objects.bulk_create(products)]


def batch(orders: int, lines: int, product_ids: list[int]) -> list[OrderRequest]:
    """Requests that begin at different products."""
    turned = [product_ids[n % 300 :] + product_ids[: n % 300] for n in range(orders)]
    return [shop_request(*(line(each) for each in mine[:lines])) for mine in turned]


@pytest.mark.parametrize("lines", [1, 7, 300])
@pytest.mark.parametrize("orders", [1, 7, 200])
def test_placing_takes_nine_statements(product_ids: list[int], orders: int, lines: int) -> None:
    """Products, keys, ids and expired holds are read; orders, lines, events, ledger are written.

    Stock is changed by the statement that writes the ledger, on SQLite by one of its own.
    """
    requests = batch(orders, lines, product_ids)
    with statements() as executed:
        outcomes = place_orders(requests)
    assert len(executed) == 9 + STOCK_ALONE
    assert all(isinstance(outcome, PlacedOrder) for outcome in outcomes)
    assert OrderLine.objects.count() == orders * lines


@pytest.mark.parametrize("orders", [1, 7, 200])
def test_placing_again_takes_five_statements(product_ids: list[int], orders: int) -> None:
    requests = batch(orders, 2, product_ids)
    place_orders(requests)
    with statements() as executed:
        outcomes = place_orders(requests)
    assert len(executed) == 5
    assert all(isinstance(each, PlacedOrder) and each.replayed for each in outcomes)


@pytest.mark.parametrize("orders", [1, 7, 200])
def test_refusing_takes_five_statements(orders: int) -> None:
    requests = [shop_request(line(make_product(stock=0).id)) for _ in range(orders)]
    with statements() as executed:
        place_orders(requests)
    assert len(executed) == 5
    assert Order.objects.count() == 0


@pytest.mark.parametrize("holds", [1, 7, 100])
def test_taking_back_takes_as_many_however_many_holds(product_ids: list[int], holds: int) -> None:
    """The first pass reads; the second locks holds, reads their lines, and cancels with events.

    The clock is read after the locks.
    """
    mine = product_ids[:holds]
    Product.objects.filter(pk__in=mine).update(stock_quantity=1)
    for each in mine:
        make_order(line(each), hold_seconds=60, at=LONG_AGO)
    requests = [shop_request(line(each)) for each in mine]
    with statements() as executed:
        outcomes = place_orders(requests)
    assert len(executed) == 5 + 2 + 5 + CLOCK + 2 + 4 + STOCK_ALONE
    assert all(isinstance(outcome, PlacedOrder) for outcome in outcomes)


@pytest.mark.parametrize("holds", [1, 7, 100])
def test_sweeping_takes_seven_statements(product_ids: list[int], holds: int) -> None:
    """One looks for holds. Orders are locked, lines and products are read; order, event and ledger
    are written.
    """
    for each in product_ids[:holds]:
        make_order(line(each), hold_seconds=60, at=LONG_AGO)
    with statements() as executed:
        assert sweep_expired_holds() == holds
    assert len(executed) == 7 + CLOCK + STOCK_ALONE
    with statements() as executed:
        assert sweep_expired_holds() == 0
    assert len(executed) == 1


@pytest.mark.parametrize("lines", [1, 300])
def test_canceling_takes_seven_statements(product_ids: list[int], lines: int) -> None:
    """Order, lines, products and the clock are read; order, event and ledger are written."""
    order = make_order(*(line(each) for each in product_ids[:lines]))
    with statements() as executed:
        cancel_order(order_id=order.pk, actor="x")
    assert len(executed) == 6 + CLOCK + STOCK_ALONE


def test_recording_a_payment_takes_nine_statements() -> None:
    """Key and reference are looked up; order and lines are locked and read, an id and the clock
    too; order, event and payment are written."""
    order = make_order(line(make_product().id))
    money = Money(amount=Decimal(5), method="card", provider="bank", provider_reference="1")
    with statements() as executed:
        record_payment(order_id=order.pk, money=money, actor="x", idempotency_key="a")
    assert len(executed) == 8 + CLOCK
    with statements() as executed:
        record_payment(order_id=order.pk, money=money, actor="x", idempotency_key="a")
    assert len(executed) == 1


@pytest.mark.parametrize("lines", [1, 7, 100])
def test_changing_takes_eleven_statements(product_ids: list[int], lines: int) -> None:
    """As many lines change their quantity as go and come.

    Order, lines and products are read; lines are deleted, changed and added; order, event and
    ledger are written; the order is read again with its lines. The clock is read once.
    """
    stay, go, come = (product_ids[n * lines :][:lines] for n in range(3))
    order = make_order(*(line(each, 2) for each in (*stay, *go)))
    wanted = (*(line(each, 3) for each in stay), *(line(each) for each in come))
    with statements() as executed:
        changed = change_order(order_id=order.pk, change=OrderChange(lines=wanted), actor="x")
    assert len(executed) == 11 + CLOCK + STOCK_ALONE
    assert changed.total == 4 * lines
    assert {(each.product_id, each.quantity) for each in changed.lines.all()} == {
        (each.product_id, each.quantity) for each in wanted
    }


def reading_routes() -> dict[str, Any]:
    """The routes of the shop's services that answer GET, by name."""

    def flat(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[Any]:
        for each in patterns:
            if isinstance(each, URLResolver):
                yield from flat(each.url_patterns, prefix + str(each.pattern))
            elif prefix.startswith("api/v1/") and is_of_shop(each.callback.__module__):
                yield each

    routes = flat(get_resolver().url_patterns)
    return {route.name: route for route in routes if hasattr(route.callback.view_class, "get")}


def send_and_take_back(order: Order, times: int) -> tuple[int, int]:
    """Ship and return one unit, and then one more so many times; return the ids of the first."""
    unit = order.lines.get().pk
    for key in map(str, range(times + 1)):
        units = LineUnits(path="lines.0", quantity=1, line_id=unit)
        asked = ShipmentRequest(order_id=order.pk, actor="x", idempotency_key=key, lines=(units,))
        ship_orders([asked])
        back = ReturnedUnits(path="lines.0", quantity=1, line_id=unit, restock=True, reason="old")
        returned = ReturnRequest(lines=(back,))
        return_goods(order_id=order.pk, request=returned, actor="x", idempotency_key=key)
    return Shipment.objects.earliest("pk").pk, Return.objects.earliest("pk").pk


@pytest.mark.parametrize("shipments", [1, 7, 100])
def test_shipping_takes_ten_statements(product_ids: list[int], shipments: int) -> None:
    """Orders are locked; lines, keys, ids and the clock are read; orders, lines, shipments, their
    lines, events and ledger are written."""
    orders = [make_order(line(each)) for each in product_ids[:shipments]]
    asked = [ShipmentRequest(order_id=order.pk, actor="x", idempotency_key="a") for order in orders]
    with statements() as executed:
        outcomes = ship_orders(asked)
    assert len(executed) == 10 + CLOCK + STOCK_ALONE
    assert all(isinstance(outcome, Shipped) for outcome in outcomes)


def test_every_reading_route_has_a_budget() -> None:
    assert set(reading_routes()) == set(BUDGETS)


@pytest.mark.parametrize("rows", [0, 1, 20])
@pytest.mark.parametrize("name", BUDGETS)
def test_reading_takes_the_same_however_much_there_is(api: Api, name: str, rows: int) -> None:
    product = make_product(stock=1_000)
    order = make_order(line(product.id))
    sent = make_order(line(product.id, rows + 1))
    shipment_id, return_id = send_and_take_back(sent, rows)
    for each in range(rows):
        make_order(line(product.id, 2), line(make_product().id))
        change_stock(product_id=product.id, delta=1, reason="received", actor="x")
        change_order(order_id=order.pk, change=OrderChange(details={"reference": "r"}), actor="x")
        for record in (record_payment, record_refund):
            record(order_id=order.pk, money=MONEY, actor="x", idempotency_key=f"{each}")
    wanted: dict[str, Any] = {}
    for parameter in reading_routes()[name].pattern.converters:
        wanted[parameter] = {
            "product_id": product.id,
            "order_id": sent.pk if name in {"order-shipments", "order-returns"} else order.pk,
            "shipment_id": shipment_id,
            "return_id": return_id,
        }[parameter]
    path = reverse(name, kwargs=wanted)
    if name == "product-availability":
        path += f"?ids={product.id}"
    api.get(path)  # records that the key was used, which happens once a minute
    with statements() as executed:
        answer = api.get(path)
    assert answer.status == 200
    assert len(executed) == BUDGETS[name], executed


@pytest.mark.parametrize("name", ["product-list", "order-list"])
def test_reading_takes_the_same_however_much_is_asked_for(api: Api, name: str) -> None:
    for _ in range(5):
        make_order(line(make_product().id))
    next_page = api.get(f"{reverse(name)}?limit=2").json["next"]
    for path in (f"{reverse(name)}?limit=1", f"{reverse(name)}?limit=100", next_page):
        with statements() as executed:
            assert api.get(path).status == 200
        assert len(executed) == BUDGETS[name]

"""Placing orders: what is in the database afterwards."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from msgspec import structs

from apps.orders.exceptions import (
    AmbiguousName,
    IdempotencyKeyReused,
    InvalidOrder,
    OutOfStock,
    UnknownProduct,
)
from apps.orders.models import Order, OrderEvent, OrderLine
from apps.orders.operations import create_order, place_order, place_orders
from apps.orders.placing.requests import PlacedOrder
from apps.orders.tests.factories import ACTOR, line, shop_request
from apps.orders.tests.product_rows import in_stock, make_product
from tests.books import assert_books_balance

pytestmark = pytest.mark.django_db


def placed_ids(outcomes: list[Any]) -> list[int | None]:
    return [each.id if isinstance(each, PlacedOrder) else None for each in outcomes]


def test_an_order_is_written_with_its_lines_and_its_first_event() -> None:
    mug, pen = make_product(name="Mug", price="9.99"), make_product(name="Pen", price="0.50")
    placed = place_order(
        shop_request(
            line(pen.id, 2, path="lines.0"),
            line(None, 1, path="lines.1", sku=mug.sku),
            key="k",
            reference="R-1",
            customer_email="a@example.com",
            shipping_address={"city": "Bern", "lines": ["1", 2, None]},
            metadata={"gift": True},
        )
    )
    order = Order.objects.get(pk=placed.id)
    assert (order.status, order.version, order.currency) == ("pending", 1, "EUR")
    assert order.total == Decimal("10.99")
    assert (order.idempotency_key, order.reference) == ("k", "R-1")
    assert order.customer_email == "a@example.com"
    assert order.shipping_address == {"city": "Bern", "lines": ["1", 2, None]}
    assert order.metadata == {"gift": True}
    assert order.created_at == order.updated_at
    columns = ("product_id", "sku", "product_name", "unit_price", "quantity")
    assert list(order.lines.values_list(*columns)) == [
        (pen.id, pen.sku, "Pen", Decimal("0.50"), 2),
        (mug.id, mug.sku, "Mug", Decimal("9.99"), 1),
    ]
    event = order.events.get()
    assert (event.type, event.from_status, event.to_status) == ("placed", "", "pending")
    assert (event.actor, event.data, event.created_at) == (ACTOR, {}, order.created_at)
    assert (in_stock(mug), in_stock(pen)) == (9, 8)
    assert_books_balance()


def test_the_answer_is_the_order_and_is_kept() -> None:
    mug = make_product(name="Mug", price="9.99")
    placed = place_order(shop_request(line(mug.id, 2), reference="R-1"))
    order = Order.objects.get(pk=placed.id)
    assert order.first_answer == placed.response
    answer = json.loads(placed.response)
    moments = [answer.pop("created_at"), answer.pop("updated_at")]
    assert moments == [order.created_at.isoformat().replace("+00:00", "Z")] * 2
    assert answer == {
        "id": order.pk,
        "status": "pending",
        "currency": "EUR",
        "total": "19.98",
        "credited": "0.00",
        "paid": "0.00",
        "due": "19.98",
        "payment_status": "unpaid",
        "needs_refund": False,
        "reference": "R-1",
        "customer_email": "",
        "shipping_address": {},
        "metadata": {},
        "held_until": None,
        "canceled_because": None,
        "product_id": mug.id,
        "quantity": 2,
        "lines": [
            {
                "id": order.lines.get().pk,
                "product_id": mug.id,
                "sku": mug.sku,
                "product_name": "Mug",
                "unit_price": "9.99",
                "quantity": 2,
                "shipped_quantity": 0,
                "canceled_quantity": 0,
                "returned_quantity": 0,
                "tax_rate": None,
                "tax_amount": None,
            }
        ],
        "charges": [],
    }


def test_text_of_every_kind_comes_back_as_it_was() -> None:
    mug = make_product(name='Ñandú "\\" \U0001f600 % \u2028')
    text = 'it\'s 100 % \U0001f600 "quoted" \\ \t\n{}'
    placed = place_order(shop_request(line(mug.id), reference=text, metadata={text: text}))
    order = Order.objects.get(pk=placed.id)
    assert (order.reference, order.metadata) == (text, {text: text})
    assert order.lines.get().product_name == mug.name
    assert json.loads(placed.response)["lines"][0]["product_name"] == mug.name


@pytest.mark.parametrize("price", ["0.00", "0.01", "0.07", "1234567.10", "99999999.99"])
def test_money_is_exact(price: str) -> None:
    mug = make_product(price=price, stock=7)
    order = Order.objects.get(pk=place_order(shop_request(line(mug.id, 7))).id)
    assert str(order.lines.get().unit_price) == price
    assert order.total == 7 * Decimal(price)
    assert json.loads(order.first_answer)["total"] == str(7 * Decimal(price))


def test_the_highest_total_fits() -> None:
    mug = make_product(price="99999999.99", stock=10_000)
    pen = make_product(price="99.99")
    placed = place_order(shop_request(line(mug.id, 10_000), line(pen.id)))
    assert Order.objects.get(pk=placed.id).total == Decimal("999999999999.99")


def test_one_product_at_two_prices_is_one_movement() -> None:
    mug = make_product(price="5.00")
    place_order(shop_request(line(mug.id, 2), line(mug.id, 3, unit_price=Decimal("4.00"))))
    assert [(str(each.unit_price), each.quantity) for each in OrderLine.objects.all()] == [
        ("5.00", 2),
        ("4.00", 3),
    ]
    assert in_stock(mug) == 5
    assert_books_balance()


def test_a_batch_is_decided_one_by_one_in_the_order_of_arrival() -> None:
    mug, pen = make_product(stock=5), make_product(stock=1)
    outcomes = place_orders(
        [
            shop_request(line(mug.id, 3), key="a"),
            shop_request(line(mug.id, 3)),
            shop_request(line(mug.id, 2), line(pen.id, 1)),
            shop_request(line(pen.id, 1)),
            shop_request(line(2**62)),
            shop_request(line(mug.id, 3), key="a"),
            shop_request(line(mug.id, 1), key="a"),
        ]
    )
    first, _, third, *_ = placed_ids(outcomes)
    assert placed_ids(outcomes) == [first, None, third, None, None, first, None]
    kinds = [type(outcome) for outcome in outcomes if not isinstance(outcome, PlacedOrder)]
    assert kinds == [OutOfStock, OutOfStock, UnknownProduct, IdempotencyKeyReused]
    assert isinstance(outcomes[0], PlacedOrder)
    assert isinstance(outcomes[5], PlacedOrder)
    assert (outcomes[0].replayed, outcomes[5].replayed) == (False, True)
    assert outcomes[0].response == outcomes[5].response
    assert [order.pk for order in Order.objects.order_by("pk")] == [first, third]
    assert (in_stock(mug), in_stock(pen)) == (0, 0)
    assert_books_balance()


def test_nothing_to_place() -> None:
    assert place_orders([]) == []
    assert place_orders([], check=lambda: list) == []


@pytest.mark.parametrize("may", [(True, False, True), (False, False, False)])
def test_requests_that_may_not_be_placed_are_not_decided(may: tuple[bool, ...]) -> None:
    mug = make_product(stock=2)
    requests = [
        shop_request(line(mug.id), key="a"),
        shop_request(line(mug.id, 2), key="b"),
        shop_request(line(mug.id), key="a"),
    ]
    outcomes = place_orders(requests, check=lambda: lambda: may)
    assert [outcome is not None for outcome in outcomes] == [*may]
    placed = {each.id for each in outcomes if isinstance(each, PlacedOrder)}
    assert set(Order.objects.values_list("pk", flat=True)) == placed
    assert in_stock(mug) == 2 - len(placed)
    assert_books_balance()


def test_a_refused_order_leaves_nothing_behind() -> None:
    mug = make_product(stock=5)
    with pytest.raises(OutOfStock) as refusal:
        place_order(shop_request(line(mug.id, 6)))
    assert refusal.value.errors == {"quantity": ["There are 5 in stock."]}
    for model in (Order, OrderLine, OrderEvent):
        assert model._default_manager.count() == 0
    assert in_stock(mug) == 5


def test_the_same_request_again_gets_the_first_answer_whatever_happened_since() -> None:
    mug = make_product(stock=5)
    first = place_order(shop_request(line(mug.id, 2), key="k"))
    order = Order.objects.get(pk=first.id)
    order.update_order(quantity=4, status="canceled")
    again = place_order(shop_request(line(mug.id, 1), line(mug.id, 1), key="k"))
    assert again == PlacedOrder(first.id, first.response, replayed=True)
    assert Order.objects.count() == 1
    assert in_stock(mug) == 5
    assert_books_balance()


def test_the_same_key_for_another_request_is_refused() -> None:
    mug = make_product(stock=5)
    place_order(shop_request(line(mug.id, 2), key="k"))
    with pytest.raises(IdempotencyKeyReused):
        place_order(shop_request(line(mug.id, 3), key="k"))
    assert Order.objects.count() == 1
    assert in_stock(mug) == 3


def test_a_refused_request_does_not_use_up_its_key() -> None:
    mug = make_product(stock=1)
    with pytest.raises(OutOfStock):
        place_order(shop_request(line(mug.id, 2), key="k"))
    mug_2 = make_product(stock=2)
    assert not place_order(shop_request(line(mug_2.id, 2), key="k")).replayed


def test_requests_without_a_key_are_never_the_same() -> None:
    mug = make_product(stock=5)
    for _ in range(2):
        assert not place_order(shop_request(line(mug.id, 2))).replayed
    assert Order.objects.count() == 2
    assert {len(key) for key in Order.objects.values_list("idempotency_key", flat=True)} == {32}


def test_what_the_database_refuses_for_good_is_raised_and_leaves_nothing() -> None:
    mug = make_product(stock=5)
    keyless = structs.replace(shop_request(line(mug.id)), idempotency_key="")
    with CaptureQueriesContext(connection) as executed, pytest.raises(IntegrityError):
        place_orders([shop_request(line(mug.id)), keyless])
    tries = [query for query in executed if query["sql"].startswith("INSERT INTO orders_order ")]
    assert len(tries) == 3
    assert Order.objects.count() == 0
    assert in_stock(mug) == 5


def test_create_order_by_name() -> None:
    mug = make_product(name="Mug", stock=5)
    make_product(name="Mug with handle")
    make_product(name="Mug", is_active=False)
    order = create_order(product_name="Mug", quantity=2)
    assert order is not None
    assert (order.lines.get().product_id, order.client.name) == (mug.id, "command line")
    assert create_order(product_name="mug", quantity=1) is None
    for quantity in (0, -1):
        with pytest.raises(InvalidOrder):
            create_order(product_name="Mug", quantity=quantity)
    make_product(name="Mug")
    with pytest.raises(AmbiguousName):
        create_order(product_name="Mug", quantity=1)
    assert in_stock(mug) == 3

"""Orders that take the units of expired holds, and orders that replace others."""

from datetime import timedelta
from typing import Any

import pytest

from apps.orders.exceptions import OrdersError
from apps.orders.holding.statements import lock_holds
from apps.orders.microservice_communication import client_id_for
from apps.orders.models import Order
from apps.orders.operations import cancel_order, confirm_order, place_orders, sweep_expired_holds
from apps.orders.placing.requests import OrderRequest, PlacedOrder
from apps.orders.tests.factories import line, make_order, request, shop_request
from apps.orders.tests.product_rows import in_stock, ledger, make_product, set_product
from apps.orders.tests.test_holding import NOON, after, hold, last_event, state
from tests.books import assert_books_balance

pytestmark = pytest.mark.django_db


def place(*requests: OrderRequest, seconds: float = 60) -> list[str]:
    """What becomes of these requests, so many seconds after NOON."""
    outcomes = place_orders(requests, at=after(seconds))
    return ["placed" if isinstance(each, PlacedOrder) else each.code for each in outcomes]


def refusal(*requests: OrderRequest, seconds: float = 60, skip_held: bool = False) -> OrdersError:
    """Why the last of these requests is refused."""
    outcome = place_orders(requests, at=after(seconds), skip_held=skip_held)[-1]
    assert isinstance(outcome, OrdersError)
    return outcome


# Taking back what has expired


def test_who_needs_the_units_of_an_expired_hold_gets_them() -> None:
    mug = make_product(stock=2)
    order = hold(line(mug.id, 2))
    assert place(shop_request(line(mug.id)), seconds=59.999) == ["out_of_stock"]
    assert state(order) == ("pending", 1, after(60), None)
    assert place(shop_request(line(mug.id)), seconds=60) == ["placed"]
    assert state(order) == ("canceled", 2, after(60), "expired")
    assert last_event(order) == ("canceled", "pending", "canceled", "placing", 2)
    assert [(delta, reason) for _, delta, reason, _ in ledger(mug)] == [
        (2, "received"),
        (-2, "sold"),
        (2, "released"),
        (-1, "sold"),
    ]
    assert in_stock(mug) == 1
    assert_books_balance()


def test_a_product_that_is_named_by_its_sku() -> None:
    mug = make_product(stock=1, sku="MUG")
    hold(line(mug.id))
    assert place(shop_request(line(None, sku="MUG"))) == ["placed"]
    assert_books_balance()


def test_no_more_is_taken_back_than_is_needed() -> None:
    mug = make_product(stock=5)
    orders = [hold(line(mug.id)) for _ in range(5)]
    assert place(*(shop_request(line(mug.id)) for _ in range(2))) == ["placed"] * 2
    assert [state(order)[0] for order in orders] == ["canceled"] * 2 + ["pending"] * 3
    assert place(shop_request(line(mug.id, 3))) == ["placed"]
    assert place(shop_request(line(mug.id))) == ["out_of_stock"]
    assert_books_balance()


def test_nothing_is_taken_back_for_an_order_that_is_refused_all_the_same() -> None:
    mug, pen = make_product(stock=1), make_product(stock=0)
    order = hold(line(mug.id))
    assert (
        place(shop_request(line(mug.id), line(pen.id)), shop_request(line(mug.id, 2)))
        == ["out_of_stock"] * 2
    )
    assert state(order) == ("pending", 1, after(60), None)
    assert in_stock(mug) == 0


def test_a_firm_order_is_never_taken_back() -> None:
    mug, pen = make_product(stock=1), make_product(stock=1)
    make_order(line(mug.id))
    confirmed = hold(line(pen.id))
    confirm_order(order_id=confirmed.pk, actor="x")
    assert place(shop_request(line(mug.id)), shop_request(line(pen.id))) == ["out_of_stock"] * 2
    assert Order.objects.count() == 2


def test_all_of_an_expired_hold_comes_back() -> None:
    mug, pen = make_product(stock=1), make_product(stock=3)
    hold(line(mug.id), line(pen.id, 3))
    set_product(pen, is_active=False)  # which does not matter to who gives it back
    assert place(shop_request(line(mug.id))) == ["placed"]
    assert (in_stock(mug), in_stock(pen)) == (0, 3)
    assert_books_balance()


@pytest.mark.parametrize("skip_held", [False, True])
def test_many_buyers_for_units_of_which_some_are_in_expired_holds(skip_held: bool) -> None:
    mug = make_product(stock=50)
    for _ in range(30):
        hold(line(mug.id))
    requests = [shop_request(line(mug.id)) for _ in range(200)]
    outcomes = place_orders(requests, at=after(60), skip_held=skip_held)
    assert [isinstance(each, PlacedOrder) for each in outcomes] == [True] * 50 + [False] * 150
    assert Order.objects.filter(canceled_because="expired").count() == 30
    assert in_stock(mug) == 0
    assert_books_balance()


# Replacing


def test_a_new_order_replaces_the_hold_of_the_same_client() -> None:
    mug = make_product(stock=2)
    order = hold(line(mug.id, 2))
    new = shop_request(line(mug.id, 2), replaces=order.pk, hold_seconds=60)
    assert place(new, seconds=30) == ["placed"]
    assert state(order) == ("canceled", 2, after(60), "requested")
    assert last_event(order) == ("canceled", "pending", "canceled", "client:1", 2)
    assert in_stock(mug) == 0
    assert place(new, seconds=31) == ["placed"]  # the same key
    assert Order.objects.count() == 2
    assert_books_balance()


def test_an_expired_hold_is_replaced_too() -> None:
    mug = make_product(stock=2)
    order = hold(line(mug.id, 2))
    assert place(shop_request(line(mug.id), replaces=order.pk), seconds=61) == ["placed"]
    assert state(order)[3] == "requested"
    assert in_stock(mug) == 1
    assert_books_balance()


def test_the_units_of_the_replaced_order_are_for_its_client_alone() -> None:
    mug = make_product(stock=1)
    order = hold(line(mug.id))
    another, own = shop_request(line(mug.id)), shop_request(line(mug.id), replaces=order.pk)
    assert place(another, own, another, seconds=1) == ["out_of_stock", "placed", "out_of_stock"]


def test_what_the_new_order_leaves_is_for_everybody() -> None:
    mug = make_product(stock=2)
    order = hold(line(mug.id, 2))
    own = shop_request(line(mug.id), replaces=order.pk)
    assert place(own, shop_request(line(mug.id)), seconds=1) == ["placed", "placed"]
    assert_books_balance()


@pytest.mark.parametrize("seconds", [30, 90])
def test_a_refused_order_leaves_the_old_hold_as_it_was(seconds: float) -> None:
    mug = make_product(stock=2)
    order = hold(line(mug.id, 2))
    refused = refusal(shop_request(line(mug.id, 3), replaces=order.pk), seconds=seconds)
    assert refused.errors == {"quantity": ["There are 2 in stock."]}
    assert state(order) == ("pending", 1, after(60), None)
    assert in_stock(mug) == 0
    assert_books_balance()


def test_only_one_of_two_orders_replaces_a_hold() -> None:
    mug = make_product(stock=5)
    order = hold(line(mug.id, 2))
    both = [shop_request(line(mug.id), replaces=order.pk) for _ in range(2)]
    refused = refusal(*both, seconds=30)
    assert (refused.code, list(refused.errors)) == ("illegal_transition", ["replaces"])
    assert refusal(shop_request(line(mug.id), replaces=order.pk)).code == "illegal_transition"
    assert in_stock(mug) == 4
    assert_books_balance()


def test_replacing_what_was_taken_back_already_is_no_error() -> None:
    mug = make_product(stock=2)
    order = hold(line(mug.id))
    sweep_expired_holds(at=after(60))
    assert place(shop_request(line(mug.id), replaces=order.pk), seconds=61) == ["placed"]
    assert state(order) == ("canceled", 2, after(60), "expired")
    assert_books_balance()


def test_replacing_what_another_order_of_the_batch_took_back_is_no_error() -> None:
    mug, pen = make_product(stock=1), make_product(stock=1)
    order = hold(line(mug.id))
    own = shop_request(line(pen.id), replaces=order.pk)
    assert place(shop_request(line(mug.id)), own, seconds=61) == ["placed", "placed"]
    assert state(order) == ("canceled", 2, after(60), "expired")
    assert_books_balance()


def firm() -> Order:
    return make_order(line(make_product().id))


def canceled() -> Order:
    order = hold(line(make_product().id))
    cancel_order(order_id=order.pk, actor="x")
    return order


@pytest.mark.parametrize("make", [firm, canceled])
def test_only_a_hold_can_be_replaced(make: Any) -> None:
    order, mug = make(), make_product()
    before = state(order)
    refused = refusal(shop_request(line(mug.id), replaces=order.pk))
    assert (refused.code, list(refused.errors)) == ("illegal_transition", ["replaces"])
    assert (state(order), in_stock(mug)) == (before, 10)


@pytest.mark.parametrize("skip_held", [False, True])
def test_the_order_of_another_client_does_not_exist(skip_held: bool) -> None:
    mug = make_product()
    order = hold(line(mug.id))
    others = request(line(mug.id), client_id=client_id_for(built_in="demo"), replaces=order.pk)
    for wrong in (others, shop_request(line(mug.id), replaces=2**63 - 1)):
        refused = refusal(wrong, seconds=1, skip_held=skip_held)
        assert (refused.code, refused.status) == ("invalid", 400)
        assert refused.errors == {"replaces": ["There is no such order."]}
    assert state(order) == ("pending", 1, after(60), None)


def test_a_client_locks_no_order_of_another_client() -> None:
    """Else its request would wait for the other's, or make the other's wait."""
    order = hold(line(make_product().id))
    demo = client_id_for(built_in="demo")
    assert lock_holds({(order.pk, demo)}, [], lock="wait", at=after(60)) == []
    [locked] = lock_holds({(order.pk, order.client_id)}, [], lock="wait", at=after(60))
    assert locked.id == order.pk


def test_the_hold_is_part_of_what_is_ordered() -> None:
    mug = make_product()
    old = hold(line(mug.id), key="k")
    for further in ({}, {"hold_seconds": 61}, {"hold_seconds": 60, "replaces": old.pk}):
        assert refusal(shop_request(line(mug.id), key="k", **further)).code == (
            "idempotency_key_reused"
        )
    [again] = place_orders([shop_request(line(mug.id), key="k", hold_seconds=60)])
    assert isinstance(again, PlacedOrder)
    assert (again.replayed, again.id) == (True, old.pk)
    assert NOON + timedelta(seconds=60) == old.held_until

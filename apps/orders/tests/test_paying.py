"""Receiving money for orders and giving it back, as the service calls it that keeps payments."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.orders.exceptions import InvalidOrder, OrderNotFound, OutOfStock, RefundExceedsPaid
from apps.orders.models import Order
from apps.orders.operations import (
    cancel_order,
    confirm_order,
    give_money_back,
    place_order,
    receive_money,
    ship_order,
    sweep_expired_holds,
)
from apps.orders.placing.rules import MAX_PAID
from apps.orders.tests.factories import line, make_order, shop_request
from apps.orders.tests.product_rows import in_stock, ledger, make_product
from apps.orders.tests.test_transitions import WAYS, order_that_is
from tests.books import assert_ledger_balances, assert_orders_balance

pytestmark = pytest.mark.django_db


def assert_books_are_right() -> None:
    """Nobody keeps the payments of these tests."""
    assert_ledger_balances()
    assert_orders_balance()


def amounts(order: Order) -> list[tuple[str, str, str, dict[str, object]]]:
    rows = order.events.filter(type__in=("paid", "refunded")).order_by("pk")
    return list(rows.values_list("type", "from_status", "to_status", "data"))


@pytest.mark.parametrize("status", WAYS)
def test_money_is_received_and_given_back_in_every_status(status: str) -> None:
    order = order_that_is(status)
    moved = ledger()
    paid = receive_money(
        order_id=order.pk, amount=Decimal("4.50"), actor="x", data={"payment_id": 7}
    )
    assert (paid.paid, paid.status, paid.version) == (Decimal("4.50"), status, order.version + 1)
    assert paid.updated_at > order.updated_at
    back = give_money_back(order_id=order.pk, amount=Decimal("1.25"), actor="x")
    order.refresh_from_db()
    assert (back.paid, order.paid, order.version) == (Decimal("3.25"),) * 2 + (paid.version + 1,)
    assert amounts(order) == [
        ("paid", status, status, {"amount": "4.50", "payment_id": 7}),
        ("refunded", status, status, {"amount": "1.25"}),
    ]
    assert ledger() == moved
    assert_books_are_right()


def test_an_order_from_before_begins_at_nothing() -> None:
    order = make_order(line(make_product().id))
    Order.objects.update(paid=None)
    with pytest.raises(RefundExceedsPaid):
        give_money_back(order_id=order.pk, amount=Decimal("0.01"), actor="x")
    assert Order.objects.get().paid is None
    assert receive_money(order_id=order.pk, amount=Decimal("0.01"), actor="x").paid == Decimal(
        "0.01"
    )


def test_no_more_is_given_back_than_is_paid() -> None:
    order = make_order(line(make_product().id))
    receive_money(order_id=order.pk, amount=Decimal("5.00"), actor="x")
    with pytest.raises(RefundExceedsPaid) as caught:
        give_money_back(order_id=order.pk, amount=Decimal("5.01"), actor="x")
    assert caught.value.errors == {"amount": ["At most 5.00 can be refunded."]}
    order.refresh_from_db()
    assert (order.paid, order.version) == (Decimal("5.00"), 2)
    assert give_money_back(order_id=order.pk, amount=Decimal("5.00"), actor="x").paid == 0


def test_what_is_paid_has_a_bound() -> None:
    order = make_order(line(make_product().id))
    receive_money(order_id=order.pk, amount=MAX_PAID, actor="x")
    with pytest.raises(InvalidOrder) as caught:
        receive_money(order_id=order.pk, amount=Decimal("0.01"), actor="x")
    assert list(caught.value.errors) == ["amount"]
    order.refresh_from_db()
    assert (order.paid, order.version) == (MAX_PAID, 2)


@pytest.mark.parametrize("operation", [receive_money, give_money_back])
def test_an_order_that_does_not_exist(operation: type) -> None:
    with pytest.raises(OrderNotFound):
        operation(order_id=1, amount=Decimal(1), actor="x")


# Held orders


def hold(product_id: int, quantity: int = 2) -> Order:
    """An order that was placed an hour ago and held for a minute."""
    at = timezone.now() - timedelta(hours=1)
    request = shop_request(line(product_id, quantity), hold_seconds=60)
    return Order.objects.get(pk=place_order(request, at=at).id)


def pay(order: Order, amount: str) -> Order:
    return receive_money(order_id=order.pk, amount=Decimal(amount), actor="x")


def history(order: Order) -> list[tuple[str, str, int | None]]:
    return list(order.events.order_by("pk").values_list("type", "to_status", "version"))


def test_a_payment_that_covers_what_is_due_makes_a_held_order_firm() -> None:
    """Also after `held_until`, as long as nobody has taken the stock back."""
    mug = make_product(stock=2)
    order = hold(mug.id)
    assert pay(order, "9.99").is_held
    paid = pay(order, "0.01")
    assert (paid.status, paid.held_until, paid.version) == ("pending", None, 4)
    assert history(order) == [
        ("placed", "pending", 1),
        ("paid", "pending", 2),
        ("paid", "pending", 3),
        ("confirmed", "pending", 4),
    ]
    order.refresh_from_db()
    assert (order.held_until, order.paid, order.version) == (None, Decimal("10.00"), 4)
    assert sweep_expired_holds() == 0
    assert_books_are_right()


def test_a_payment_of_a_firm_order_confirms_nothing() -> None:
    order = make_order(line(make_product().id))
    pay(order, "5.00")
    assert history(order) == [("placed", "pending", 1), ("paid", "pending", 2)]


def test_a_late_payment_revives_the_order_if_the_stock_is_there() -> None:
    mug = make_product(stock=2)
    order = hold(mug.id)
    assert sweep_expired_holds() == 1
    assert in_stock(mug) == 2
    paid = pay(order, "10.00")
    assert (paid.status, paid.held_until, paid.canceled_because) == ("pending", None, None)
    assert history(order)[2:] == [("paid", "canceled", 3), ("revived", "pending", 4)]
    assert in_stock(mug) == 0
    assert_books_are_right()
    with pytest.raises(OutOfStock):
        make_order(line(mug.id))
    assert ship_order(order_id=order.pk, actor="x").status == "shipped"


def test_a_late_payment_is_recorded_where_the_stock_is_gone() -> None:
    mug = make_product(stock=2)
    order = hold(mug.id)
    make_order(line(mug.id))  # takes the hold back
    moved = ledger()
    paid = pay(order, "10.00")
    assert (paid.status, paid.canceled_because) == ("canceled", "expired")
    assert paid.paid == 10
    assert history(order)[1:] == [("canceled", "canceled", 2), ("paid", "canceled", 3)]
    assert (in_stock(mug), ledger()) == (1, moved)
    assert list(Order.objects.needing_refund()) == [order]
    assert_books_are_right()


def test_a_late_payment_takes_nothing_back_from_other_holds() -> None:
    """The money is kept. Once the sweep has put the units back, the order can be confirmed."""
    mug = make_product(stock=2)
    order = hold(mug.id)
    sweep_expired_holds()
    other = hold(mug.id)
    assert pay(order, "10.00").status == "canceled"
    assert list(Order.objects.needing_refund()) == [order]
    other.refresh_from_db()
    assert (other.status, other.version) == ("pending", 1)
    assert sweep_expired_holds() == 1
    assert confirm_order(order_id=order.pk, actor="x").status == "pending"
    assert list(Order.objects.needing_refund()) == []
    assert in_stock(mug) == 0
    assert_books_are_right()


def test_a_late_part_of_the_money_revives_nothing_and_the_rest_does() -> None:
    order = hold(make_product(stock=2).id)
    sweep_expired_holds()
    assert pay(order, "9.99").status == "canceled"
    assert list(Order.objects.needing_refund()) == [order]
    assert pay(order, "0.01").status == "pending"
    assert list(Order.objects.needing_refund()) == []


def test_money_for_an_order_that_was_canceled_on_request_revives_nothing() -> None:
    mug = make_product(stock=2)
    order = hold(mug.id)
    cancel_order(order_id=order.pk, actor="x")
    assert pay(order, "10.00").status == "canceled"
    assert in_stock(mug) == 2
    assert list(Order.objects.needing_refund()) == [order]


def test_money_on_an_order_that_is_replaced_needs_a_refund() -> None:
    mug = make_product(stock=2)
    order = hold(mug.id)
    pay(order, "4.00")
    new = make_order(line(mug.id, 1), replaces=order.pk)
    assert list(Order.objects.needing_refund()) == [order]
    assert new.paid == 0
    assert in_stock(mug) == 1


def test_a_refund_changes_nothing_of_a_hold() -> None:
    order = hold(make_product(stock=2).id)
    pay(order, "4.00")
    assert give_money_back(order_id=order.pk, amount=Decimal("4.00"), actor="x").is_held

"""Receiving money for orders and giving it back, as the service calls it that keeps payments."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from apps.orders.exceptions import InvalidOrder, OrderNotFound, RefundExceedsPaid
from apps.orders.models import Order
from apps.orders.operations import give_money_back, receive_money
from apps.orders.placing.rules import MAX_PAID
from apps.orders.tests.factories import execute, line, make_order
from apps.orders.tests.product_rows import ledger, make_product
from apps.orders.tests.test_transitions import WAYS, order_that_is
from tests.books import assert_books_balance

pytestmark = pytest.mark.django_db


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
    assert_books_balance()


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


@pytest.mark.parametrize("paid", ["-0.01", "10000000000000.00"])
def test_the_database_keeps_what_is_paid_in_bounds(paid: str) -> None:
    make_order(line(make_product().id))
    with pytest.raises(IntegrityError), transaction.atomic():
        execute("UPDATE orders_order SET paid = %s", Decimal(paid))

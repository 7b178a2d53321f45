"""What payments asks of orders."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.orders.exceptions import OrderNotFound, RefundExceedsPaid
from apps.payments.microservice_communication import (
    currencies_of_orders,
    give_money_back,
    paid_amounts,
    receive_money,
)
from apps.payments.tests.factories import order_of_10

pytestmark = pytest.mark.django_db

TEN = Decimal(10)


def test_currencies_of_orders() -> None:
    order = order_of_10()
    with CaptureQueriesContext(connection) as captured:
        found = currencies_of_orders(ids=[order.pk, order.pk + 1], client_id=order.client_id)
    assert (found, len(captured)) == ({order.pk: "EUR"}, 1)
    assert currencies_of_orders(ids=[order.pk], client_id=None) == {order.pk: "EUR"}
    assert currencies_of_orders(ids=[order.pk], client_id=order.client_id + 1) == {}


def test_money_comes_and_goes() -> None:
    order = order_of_10()
    paid = receive_money(
        order_id=order.pk, amount=Decimal("10.00"), actor="a", payment_id=7, at=None
    )
    assert (paid.id, paid.client_id, paid.currency) == (order.pk, order.client_id, "EUR")
    assert (paid.status, paid.paid, paid.due, paid.payment_status) == ("pending", TEN, TEN, "paid")
    assert list(paid_amounts()) == [(order.pk, Decimal("10.00"))]
    back = give_money_back(
        order_id=order.pk, amount=Decimal("10.00"), actor="a", payment_id=8, at=paid.at
    )
    assert back.paid == 0
    assert (back.payment_status, back.at) == ("unpaid", paid.at)
    assert list(paid_amounts()) == []
    assert [event.data for event in order.events.order_by("pk")[1:]] == [
        {"amount": "10.00", "payment_id": 7},
        {"amount": "10.00", "payment_id": 8},
    ]


def test_what_orders_refuses() -> None:
    order = order_of_10()
    with pytest.raises(RefundExceedsPaid):
        give_money_back(order_id=order.pk, amount=Decimal(1), actor="a", payment_id=1, at=None)
    with pytest.raises(OrderNotFound):
        receive_money(order_id=order.pk + 1, amount=Decimal(1), actor="a", payment_id=1, at=None)

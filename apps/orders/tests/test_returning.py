"""Units come back: once, credited, and on sale again or not."""

from decimal import Decimal
from typing import Any

import pytest

from apps.orders.exceptions import (
    CreditExceedsDue,
    IdempotencyKeyReused,
    OrderNotFound,
    QuantityExceeded,
    UnknownLine,
    VersionConflict,
)
from apps.orders.fulfilment.requests import ReturnedUnits, ReturnRequest
from apps.orders.fulfilment.returning import return_goods
from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import Order, Return, ReturnLine, ReturnReason
from apps.orders.money import owed
from apps.orders.operations import give_money_back, receive_money, ship_order
from apps.orders.placing.requests import Charge
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.parcels import give_back, parts, ship, state
from apps.orders.tests.product_rows import MOVEMENT, committed, in_stock, make_product
from monoservices.testing.rows import rows_of
from tests.books import assert_ledger_balances, assert_orders_balance

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug() -> ProductSnapshot:
    return make_product(sku="MUG", price="10.00", stock=10)


@pytest.fixture
def order(mug: ProductSnapshot) -> Order:
    """Three mugs and a parcel: 34.90, shipped."""
    parcel = Charge(type="shipping", amount=Decimal("4.90"))
    order = make_order(line(mug.id, 3), charges=(parcel,))
    ship_order(order_id=order.pk, actor="x")
    return order


@pytest.fixture
def mugs(order: Order) -> int:
    """The id of the line."""
    return order.lines.get().pk


def due(order: Order) -> tuple[str, str | None, bool]:
    order.refresh_from_db()
    amount, status, needs = owed(order.status, order.total, order.credited, order.paid)
    return str(amount), status, needs


def test_a_unit_comes_back_and_is_on_sale_again(
    order: Order, mugs: int, mug: ProductSnapshot
) -> None:
    receive_money(order_id=order.pk, amount=Decimal("34.90"), actor="x")
    assert due(order) == ("34.90", "paid", False)
    returned = give_back(order, {mugs: 1}, reason="Too small")
    assert (returned.replayed, str(returned.order_return.credit)) == (False, "10.00")
    assert due(order) == ("24.90", "overpaid", True)
    assert state(order) == ("shipped", 4, "34.90", False)
    assert (parts(order), in_stock(mug), committed(mug)) == ([(3, 3, 0, 1)], 8, 0)
    movement = rows_of(MOVEMENT).get(reason="returned")
    names = ("product_id", "delta", "committed_delta", "reference", "revision")
    assert [movement[name] for name in names] == [mug.id, 1, 0, f"order:{order.pk}", 4]
    event = order.events.get(version=4)
    assert (event.type, event.to_status, event.created_at) == (
        *("returned", "shipped"),
        returned.order_return.created_at,
    )
    assert event.data == {
        "return_id": returned.order_return.pk,
        "credit": "10.00",
        "lines": [{"line_id": mugs, "quantity": 1, "restock": True}],
    }
    assert ReturnReason.objects.get().text == "Too small"
    give_money_back(order_id=order.pk, amount=Decimal("10.00"), actor="x")
    assert due(order) == ("24.90", "paid", False)
    assert_ledger_balances()
    assert_orders_balance()


def test_what_is_broken_is_not_on_sale_again(order: Order, mugs: int, mug: ProductSnapshot) -> None:
    give_back(order, {mugs: 2}, restock=False)
    assert (parts(order), in_stock(mug)) == ([(3, 3, 0, 2)], 7)
    assert not rows_of(MOVEMENT).filter(reason="returned").exists()
    assert_orders_balance()


def test_good_and_broken_units_of_a_line_come_back_together(
    order: Order, mugs: int, mug: ProductSnapshot
) -> None:
    lines = tuple(
        ReturnedUnits(path=f"lines.{n}", line_id=mugs, quantity=n + 1, restock=n == 1)
        for n in range(2)
    )
    asked = ReturnRequest(lines=lines)
    return_goods(order_id=order.pk, request=asked, actor="x", idempotency_key="a")
    assert (parts(order), in_stock(mug)) == ([(3, 3, 0, 3)], 9)
    columns = ("quantity", "is_restocked", "credit")
    assert list(ReturnLine.objects.order_by("pk").values_list(*columns)) == [
        (1, False, Decimal("10.00")),
        (2, True, Decimal("20.00")),
    ]
    assert_orders_balance()


def test_credit_is_as_said_and_of_charges_too(order: Order, mugs: int) -> None:
    give_back(order, {mugs: 1}, credit="7.50", charges="4.90")
    assert due(order) == ("22.50", "unpaid", False)
    columns = ("line", "quantity", "is_restocked", "credit")
    assert list(ReturnLine.objects.order_by("pk").values_list(*columns)) == [
        (mugs, 1, True, Decimal("7.50")),
        (None, 0, False, Decimal("4.90")),
    ]
    assert_orders_balance()


def test_a_free_return_credits_nothing(order: Order, mugs: int) -> None:
    give_back(order, {mugs: 1}, credit="0.00")
    assert (due(order)[0], Return.objects.get().credit) == ("34.90", Decimal(0))


def test_no_more_is_credited_than_is_due(order: Order, mugs: int) -> None:
    give_back(order, {mugs: 1}, credit="30.00")
    before = state(order), parts(order)
    for credit, charges, fields in (
        ("4.91", "0.00", ["lines.0.credit"]),
        ("0.00", "4.91", ["charges_credit"]),
        ("4.90", "0.01", ["lines.0.credit", "charges_credit"]),
    ):
        with pytest.raises(CreditExceedsDue) as refused:
            give_back(order, {mugs: 1}, credit=credit, charges=charges, key="b")
        message = ["At most 4.90 can be credited."]
        assert refused.value.errors == dict.fromkeys(fields, message)
    assert (state(order), parts(order), Return.objects.count()) == (*before, 1)


def test_a_line_is_credited_its_price_as_far_as_that_is_due(mug: ProductSnapshot) -> None:
    discount = Charge(type="discount", amount=Decimal("-5.00"))
    order = make_order(line(mug.id, 2), charges=(discount,))
    ship_order(order_id=order.pk, actor="x")
    unit = order.lines.get().pk
    give_back(order, {unit: 1}, key="a")
    give_back(order, {unit: 1}, key="b")
    credits_given = Return.objects.order_by("pk").values_list("credit", flat=True)
    assert list(credits_given) == [Decimal("10.00"), Decimal("5.00")]
    assert due(order) == ("0.00", "paid", False)
    assert_orders_balance()


def test_no_more_comes_back_than_was_shipped(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 3))
    unit = order.lines.get().pk
    with pytest.raises(QuantityExceeded):
        give_back(order, {unit: 1})
    ship(order, {unit: 2})
    give_back(order, {unit: 1}, key="a")
    before = state(order), parts(order), in_stock(mug)
    with pytest.raises(QuantityExceeded) as refused:
        give_back(order, {unit: 2}, key="b")
    assert refused.value.errors == {"lines.0.quantity": ["There are 1 to return."]}
    assert (state(order), parts(order), in_stock(mug)) == before
    give_back(order, {unit: 1}, key="c")  # while one is open
    assert (state(order)[0], parts(order)) == ("pending", [(3, 2, 0, 2)])
    assert_orders_balance()


def test_the_same_key_returns_once(order: Order, mugs: int, mug: ProductSnapshot) -> None:
    first = give_back(order, {mugs: 1}, key="a", reason="Too small")
    again = give_back(order, {mugs: 1}, key="a", reason="It was erased since")
    assert (again.replayed, again.order_return.pk) == (True, first.order_return.pk)
    with pytest.raises(IdempotencyKeyReused):
        give_back(order, {mugs: 2}, key="a")
    with pytest.raises(IdempotencyKeyReused):
        give_back(order, {mugs: 1}, key="a", restock=False)
    assert (in_stock(mug), Return.objects.count(), parts(order)) == (8, 1, [(3, 3, 0, 1)])


def test_a_version_of_the_past_is_refused(order: Order, mugs: int) -> None:
    def at(version: int) -> Any:
        line = ReturnedUnits(path="lines.0", line_id=mugs, quantity=1, restock=True)
        asked = ReturnRequest(lines=(line,))
        return return_goods(
            order_id=order.pk, request=asked, actor="x", idempotency_key="a", version=version
        )

    with pytest.raises(VersionConflict):
        at(1)
    assert not at(2).replayed
    assert at(1).replayed  # what the key did comes first


def test_what_there_is_not(order: Order, mugs: int) -> None:
    with pytest.raises(UnknownLine):
        give_back(order, {mugs + 1: 1})
    with pytest.raises(OrderNotFound):
        give_back(Order(pk=order.pk + 1), {mugs: 1})
    assert not Return.objects.exists()

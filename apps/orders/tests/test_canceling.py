"""Canceling some units of an order, and what is left of one that is partly shipped."""

from decimal import Decimal

import pytest

from apps.orders.exceptions import (
    IdempotencyKeyReused,
    IllegalTransition,
    InvalidOrder,
    QuantityExceeded,
    UnknownLine,
)
from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import Order
from apps.orders.operations import (
    OrderChange,
    cancel_order,
    change_order,
    confirm_order,
    deliver_shipment,
    sweep_expired_holds,
)
from apps.orders.placing.requests import Charge
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.parcels import give_back, parts, ship, state, units
from apps.orders.tests.product_rows import MOVEMENT, committed, in_stock, make_product
from monoservices.testing.rows import rows_of
from tests.books import assert_books_balance

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug() -> ProductSnapshot:
    return make_product(sku="MUG", price="10.00", stock=10)


@pytest.fixture
def pen() -> ProductSnapshot:
    return make_product(sku="PEN", price="2.00", stock=10)


@pytest.fixture
def order(mug: ProductSnapshot, pen: ProductSnapshot) -> Order:
    """Three mugs, four pens and a parcel: 42.90."""
    parcel = Charge(type="shipping", amount=Decimal("4.90"))
    return make_order(
        line(mug.id, 3, path="lines.0"), line(pen.id, 4, path="lines.1"), charges=(parcel,)
    )


@pytest.fixture
def ids(order: Order) -> list[int]:
    """Of the lines."""
    return list(order.lines.order_by("pk").values_list("pk", flat=True))


def cancel(order: Order, chosen: dict[int, int] | None = None) -> Order:
    lines = None if chosen is None else units(chosen)
    return cancel_order(order_id=order.pk, actor="client:7", lines=lines)


def test_some_units_go_back_and_the_total_follows(
    order: Order, ids: list[int], mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    canceled = cancel(order, {ids[0]: 1, ids[1]: 4})
    assert [each.canceled_quantity for each in canceled.lines.all()] == [1, 4]
    assert state(order) == ("pending", 2, "24.90", False)
    assert parts(order) == [(3, 0, 1, 0), (4, 0, 4, 0)]
    assert (in_stock(mug), committed(mug), in_stock(pen), committed(pen)) == (8, 2, 10, 0)
    event = order.events.get(version=2)
    assert (event.type, event.from_status, event.to_status) == ("canceled", "pending", "pending")
    assert event.data == {
        "lines": [{"line_id": ids[0], "quantity": 1}, {"line_id": ids[1], "quantity": 4}],
        "total_before": "42.90",
        "total_after": "24.90",
    }
    assert order.canceled_because is None
    assert_books_balance()


def test_canceling_the_last_units_cancels_the_order(order: Order, ids: list[int]) -> None:
    cancel(order, {ids[0]: 2})
    cancel(order, {ids[0]: 1, ids[1]: 4})
    assert state(order) == ("canceled", 3, "22.90", False)
    assert (order.canceled_because, order.events.get(version=3).data) == ("requested", {})
    assert parts(order) == [(3, 0, 2, 0), (4, 0, 0, 0)]  # the status says the rest
    assert_books_balance()


@pytest.mark.parametrize("delivered", [False, True])
def test_canceling_the_rest_leaves_what_is_under_way(
    delivered: bool, order: Order, ids: list[int], mug: ProductSnapshot
) -> None:
    shipment_id = ship(order, {ids[0]: 2})
    if delivered:
        deliver_shipment(shipment_id=shipment_id, actor="x")
    cancel(order)
    after = "delivered" if delivered else "shipped"
    version = 4 if delivered else 3
    assert state(order) == (after, version, "24.90", False)
    assert parts(order) == [(3, 2, 1, 0), (4, 0, 4, 0)]
    event = order.events.get(version=version)
    assert (event.type, event.from_status, event.to_status) == ("canceled", "pending", after)
    assert (in_stock(mug), committed(mug)) == (8, 0)
    cancel(order)  # once more
    assert state(order) == (after, version, "24.90", False)
    with pytest.raises(IllegalTransition, match=f"{after} cannot become canceled"):
        cancel(order, {ids[0]: 1})
    give_back(order, {ids[0]: 1})
    with pytest.raises(IllegalTransition, match=f"{after} cannot become canceled"):
        cancel(order)
    assert state(order) == (after, version + 1, "24.90", False)


def test_the_same_key_cancels_once(order: Order, ids: list[int]) -> None:
    def cancel_by_key(chosen: dict[int, int] | None, version: int | None = None) -> Order:
        lines = None if chosen is None else units(chosen)
        return cancel_order(
            order_id=order.pk, actor="x", lines=lines, idempotency_key="a", version=version
        )

    cancel_by_key({ids[0]: 1}, version=1)
    assert cancel_by_key({ids[0]: 1}, version=1).version == 2
    for other in ({ids[0]: 2}, None):
        with pytest.raises(IdempotencyKeyReused):
            cancel_by_key(other)
    assert (state(order), parts(order)[0]) == (("pending", 2, "32.90", False), (3, 0, 1, 0))
    ship(order)
    assert cancel_by_key({ids[0]: 1}).version == 3
    assert parts(order) == [(3, 2, 1, 0), (4, 4, 0, 0)]


def test_what_was_shipped_is_not_canceled(order: Order, ids: list[int]) -> None:
    ship(order, {ids[0]: 2})
    before = state(order), parts(order), rows_of(MOVEMENT).count()
    with pytest.raises(QuantityExceeded) as refused:
        cancel(order, {ids[0]: 2})
    assert refused.value.errors == {"lines.0.quantity": ["There are 1 open."]}
    with pytest.raises(UnknownLine):
        cancel(order, {ids[1] + 1: 1})
    assert (state(order), parts(order), rows_of(MOVEMENT).count()) == before


def test_units_of_a_canceled_order_are_not_canceled(order: Order, ids: list[int]) -> None:
    cancel(order)
    with pytest.raises(IllegalTransition):
        cancel(order, {ids[0]: 1})
    assert cancel(order).version == 2  # all of it, once more


def test_charges_keep_the_total_above_nothing(mug: ProductSnapshot, pen: ProductSnapshot) -> None:
    discount = Charge(type="discount", amount=Decimal("-5.00"))
    order = make_order(line(mug.id), line(pen.id), charges=(discount,))
    mugs, pens = order.lines.order_by("unit_price").values_list("pk", flat=True)[::-1]
    with pytest.raises(InvalidOrder) as refused:
        cancel(order, {mugs: 1})
    assert refused.value.errors == {
        "charges": ["Without these units, the order costs -3.00. Change its charges first."]
    }
    assert (state(order), parts(order)) == (("pending", 1, "7.00", False), [(1, 0, 0, 0)] * 2)
    change_order(order_id=order.pk, change=OrderChange(charges=()), actor="x")
    cancel(order, {mugs: 1})
    assert state(order) == ("pending", 3, "2.00", False)
    assert pens != mugs
    assert_books_balance()


def test_what_was_credited_stays_in_the_total(mug: ProductSnapshot, pen: ProductSnapshot) -> None:
    discount = Charge(type="discount", amount=Decimal("-8.00"))
    order = make_order(line(mug.id, 1), line(pen.id, 4), charges=(discount,))
    mugs, pens = order.lines.order_by("-unit_price").values_list("pk", flat=True)
    ship(order, {mugs: 1})
    give_back(order, {mugs: 1}, credit="9.00")
    with pytest.raises(InvalidOrder) as refused:
        cancel(order, {pens: 4})
    assert [*refused.value.errors] == ["charges"]
    assert state(order) == ("pending", 3, "10.00", True)


def test_a_held_order_keeps_its_hold_and_loses_units(
    mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    """What expires later is what is left, and what is revived too."""
    order = make_order(line(mug.id, 3), line(pen.id, 2), hold_seconds=60)
    mugs, pens = order.lines.order_by("-unit_price").values_list("pk", flat=True)
    cancel(order, {mugs: 1, pens: 2})
    assert state(order) == ("pending", 2, "20.00", False)
    assert order.is_held
    late = order.created_at.replace(year=order.created_at.year + 1)
    assert sweep_expired_holds(at=late) == 1
    assert (in_stock(mug), committed(mug), in_stock(pen), committed(pen)) == (10, 0, 10, 0)
    confirm_order(order_id=order.pk, actor="x")
    assert state(order) == ("pending", 4, "20.00", False)
    assert (in_stock(mug), committed(mug), in_stock(pen), committed(pen)) == (8, 2, 10, 0)
    assert_books_balance()

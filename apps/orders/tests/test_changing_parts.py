"""Changing an order of which something is shipped or canceled."""

import pytest

from apps.orders.exceptions import InvalidOrder, QuantityExceeded
from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import Order
from apps.orders.operations import OrderChange, cancel_order, change_order, deliver_shipment
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.parcels import give_back, parts, ship, state, units
from apps.orders.tests.product_rows import committed, in_stock, make_product
from tests.books import assert_books_balance

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug() -> ProductSnapshot:
    return make_product(sku="MUG", price="5.00", stock=20)


@pytest.fixture
def pen() -> ProductSnapshot:
    return make_product(sku="PEN", price="1.00", stock=20)


@pytest.fixture
def order(mug: ProductSnapshot) -> Order:
    """Six units, of which two are shipped and one is canceled: 25.00 for five."""
    order = make_order(line(mug.id, 6))
    unit = order.lines.get().pk
    ship(order, {unit: 2})
    cancel_order(order_id=order.pk, actor="x", lines=units({unit: 1}))
    return order


def test_a_quantity_is_that_of_the_whole_line(order: Order, mug: ProductSnapshot) -> None:
    unit = order.lines.get().pk
    for quantity, total in ((8, "35.00"), (4, "15.00")):
        changed = change_order(order_id=order.pk, change=OrderChange(quantity=quantity), actor="y")
        assert ([each.pk for each in changed.lines.all()], str(changed.total)) == ([unit], total)
        assert parts(order) == [(quantity, 2, 1, 0)]
        assert (in_stock(mug), committed(mug)) == (21 - quantity, quantity - 3)
    assert state(order) == ("pending", 5, "15.00", True)
    assert_books_balance()


@pytest.mark.parametrize("quantity", [1, 2])
def test_a_line_keeps_what_is_shipped_and_canceled(quantity: int, order: Order) -> None:
    before = state(order), parts(order)
    with pytest.raises(QuantityExceeded) as refused:
        change_order(order_id=order.pk, change=OrderChange(quantity=quantity), actor="y")
    message = "Of MUG, 3 are shipped or canceled; send at least that many."
    assert refused.value.errors == {"quantity": [message]}
    assert (state(order), parts(order)) == before


def test_such_a_line_is_never_left_out(order: Order, pen: ProductSnapshot) -> None:
    before = state(order), parts(order), in_stock(pen)
    change = OrderChange(lines=(line(pen.id, path="lines.0"),))
    with pytest.raises(QuantityExceeded) as refused:
        change_order(order_id=order.pk, change=change, actor="y")
    assert [*refused.value.errors] == ["lines"]
    assert (state(order), parts(order), in_stock(pen)) == before


def test_others_come_and_go(order: Order, mug: ProductSnapshot, pen: ProductSnapshot) -> None:
    unit = order.lines.get().pk
    both = (line(mug.id, 6, path="lines.0"), line(pen.id, 2, path="lines.1"))
    changed = change_order(order_id=order.pk, change=OrderChange(lines=both), actor="y")
    assert (str(changed.total), parts(order)) == ("27.00", [(6, 2, 1, 0), (2, 0, 0, 0)])
    assert changed.lines.all()[0].pk == unit < changed.lines.all()[1].pk
    one = (line(mug.id, 6, path="lines.0"),)
    change_order(order_id=order.pk, change=OrderChange(lines=one), actor="y")
    assert (parts(order), in_stock(pen)) == ([(6, 2, 1, 0)], 20)
    assert_books_balance()


@pytest.mark.parametrize("delivered", [False, True])
def test_an_order_of_which_nothing_is_open_is_shipped(delivered: bool, order: Order) -> None:
    if delivered:
        deliver_shipment(shipment_id=order.shipments.get().pk, actor="x")
    change_order(order_id=order.pk, change=OrderChange(quantity=3), actor="y")
    after = "delivered" if delivered else "shipped"
    assert state(order) == (after, 5 if delivered else 4, "10.00", False)
    event = order.events.latest("version")
    assert (event.type, event.from_status, event.to_status) == ("changed", "pending", after)
    assert_books_balance()


def test_an_order_of_which_nothing_is_left_is_canceled_instead(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 3))
    cancel_order(order_id=order.pk, actor="x", lines=units({order.lines.get().pk: 1}))
    with pytest.raises(InvalidOrder) as refused:
        change_order(order_id=order.pk, change=OrderChange(quantity=1), actor="y")
    assert refused.value.errors == {
        "quantity": ["Nothing would be left of the order; cancel it instead."]
    }
    assert (state(order), parts(order)) == (("pending", 2, "10.00", False), [(3, 0, 1, 0)])


def test_an_order_costs_what_was_credited_at_least(order: Order) -> None:
    give_back(order, {order.lines.get().pk: 2}, credit="18.00")
    with pytest.raises(InvalidOrder) as refused:
        change_order(order_id=order.pk, change=OrderChange(quantity=3), actor="y")
    assert refused.value.detail == "The order would cost 10.00, but 18.00 was credited for returns."
    assert parts(order) == [(6, 2, 1, 2)]

"""Shipping some units of an order, delivering shipments, and following them."""

from decimal import Decimal
from typing import Any

import pytest

from apps.orders.exceptions import (
    IdempotencyKeyReused,
    IllegalTransition,
    NotConfirmed,
    OrderNotFound,
    OrdersError,
    QuantityExceeded,
    ShipmentNotFound,
    UnknownLine,
    VersionConflict,
)
from apps.orders.fulfilment.goods import LineUnits
from apps.orders.fulfilment.requests import Followed
from apps.orders.fulfilment.shipping import Shipped, ShippedBefore, ship_orders
from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import Delivery, Order, Shipment, ShipmentLine, Tracking
from apps.orders.operations import (
    cancel_order,
    deliver_order,
    deliver_shipment,
    follow_shipment,
    ship_order,
)
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.parcels import parts, ship, shipment, state
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
    """Three mugs and four pens: 38.00."""
    return make_order(line(mug.id, 3, path="lines.0"), line(pen.id, 4, path="lines.1"))


@pytest.fixture
def ids(order: Order) -> list[int]:
    """Of the lines."""
    return list(order.lines.order_by("pk").values_list("pk", flat=True))


def events(order: Order) -> list[tuple[Any, ...]]:
    rows = order.events.order_by("pk").exclude(type="placed")
    return list(rows.values_list("version", "type", "from_status", "to_status", "data"))


def movements() -> list[tuple[Any, ...]]:
    rows = rows_of(MOVEMENT).filter(reason="shipped").order_by("pk")
    return list(rows.values_list("product_id", "delta", "committed_delta", "revision"))


def test_half_of_it_today_and_the_rest_tomorrow(
    order: Order, ids: list[int], mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    mugs, pens = ids
    first = ship(order, {mugs: 3, pens: 1})
    assert state(order) == ("pending", 2, "38.00", True)
    assert parts(order) == [(3, 3, 0, 0), (4, 1, 0, 0)]
    assert (committed(mug), committed(pen), in_stock(mug), in_stock(pen)) == (0, 3, 7, 6)
    second = ship(order)
    assert state(order) == ("shipped", 3, "38.00", False)
    assert parts(order) == [(3, 3, 0, 0), (4, 4, 0, 0)]
    assert movements() == [(mug.id, 0, -3, 2), (pen.id, 0, -1, 2), (pen.id, 0, -3, 3)]
    assert list(
        ShipmentLine.objects.order_by("pk").values_list("shipment", "line", "quantity")
    ) == [
        (first, mugs, 3),
        (first, pens, 1),
        (second, pens, 3),
    ]
    lines = [{"line_id": mugs, "quantity": 3}, {"line_id": pens, "quantity": 1}]
    rest = [{"line_id": pens, "quantity": 3}]
    assert events(order) == [
        (2, "shipped", "pending", "pending", {"shipment_id": first, "lines": lines}),
        (3, "shipped", "pending", "shipped", {"shipment_id": second, "lines": rest}),
    ]
    assert_books_balance()


def test_an_order_is_delivered_with_its_last_shipment(order: Order, ids: list[int]) -> None:
    first = ship(order, {ids[0]: 1})
    deliver_shipment(shipment_id=first, actor="client:7")
    assert state(order) == ("pending", 3, "38.00", True)
    second, third = ship(order, {ids[0]: 2}), ship(order)
    deliver_shipment(shipment_id=third, actor="client:7")
    assert state(order) == ("shipped", 6, "38.00", False)
    for _ in range(2):  # a second time changes nothing
        deliver_shipment(shipment_id=second, actor="client:7")
        assert state(order) == ("delivered", 7, "38.00", False)
    assert Delivery.objects.get(pk=second).created_at == order.updated_at
    assert [event[1:4] for event in events(order)] == [
        ("shipped", "pending", "pending"),
        ("delivered", "pending", "pending"),
        ("shipped", "pending", "pending"),
        ("shipped", "pending", "shipped"),
        ("delivered", "shipped", "shipped"),
        ("delivered", "shipped", "delivered"),
    ]
    assert_books_balance()


def test_delivering_the_order_delivers_every_shipment(order: Order, ids: list[int]) -> None:
    first, second, third = ship(order, {ids[0]: 1}), ship(order, {ids[0]: 2}), ship(order)
    deliver_shipment(shipment_id=second, actor="x")
    deliver_order(order_id=order.pk, actor="x")
    assert state(order) == ("delivered", 6, "38.00", False)
    assert events(order)[-1] == (
        *(6, "delivered", "shipped", "delivered"),
        {"shipment_ids": [first, third]},
    )
    assert not Shipment.objects.filter(delivery=None).exists()
    assert_books_balance()


def test_an_order_that_is_partly_shipped_is_not_delivered(order: Order, ids: list[int]) -> None:
    ship(order, {ids[0]: 1})
    with pytest.raises(IllegalTransition, match="pending cannot become delivered"):
        deliver_order(order_id=order.pk, actor="x")
    assert state(order) == ("pending", 2, "38.00", True)


def test_many_orders_are_shipped_in_one_transaction(mug: ProductSnapshot) -> None:
    """Each request is decided alone, and sees what the ones before leave."""
    first, second, held = (
        make_order(line(mug.id, 2)),
        make_order(line(mug.id, 1)),
        make_order(line(mug.id, 1), hold_seconds=60),
    )
    of_first = first.lines.get().pk
    nobody = shipment(second)
    outcomes = ship_orders(
        [
            shipment(first, {of_first: 1}, idempotency_key="a"),
            shipment(second, idempotency_key="a"),
            shipment(first, {of_first: 2}, idempotency_key="b"),
            shipment(held),
            shipment(first, {of_first: 1}, idempotency_key="a"),
            shipment(first, {of_first: 1}, idempotency_key="c", version=1),
            shipment(first, {of_first: 1}, idempotency_key="d", version=2),
            shipment(first, idempotency_key="e"),
            type(nobody)(order_id=2**63, actor="x", idempotency_key="f"),
        ]
    )
    one, other, too_many, not_firm, again, late, rest, nothing_left, unknown = outcomes
    assert isinstance(one, Shipped)
    assert isinstance(other, Shipped)
    assert isinstance(rest, Shipped)
    assert again == ShippedBefore(one.id)
    refused = (too_many, not_firm, late, nothing_left, unknown)
    assert [type(each) for each in refused] == [
        *(QuantityExceeded, NotConfirmed, VersionConflict, IllegalTransition, OrderNotFound)
    ]
    assert state(first) == ("shipped", 3, "20.00", False)
    assert state(second) == ("shipped", 2, "10.00", False)
    assert state(held) == ("pending", 1, "10.00", False)
    assert Shipment.objects.count() == 3
    assert_books_balance()


def refused(order: Order, chosen: dict[int, int] | None, **fields: Any) -> OrdersError:
    """The error that refuses a shipment, which changes nothing."""
    before = state(order), parts(order), rows_of(MOVEMENT).count()
    [outcome] = ship_orders([shipment(order, chosen, **fields)])
    assert isinstance(outcome, OrdersError)
    assert (state(order), parts(order), rows_of(MOVEMENT).count()) == before
    return outcome


def test_no_more_is_shipped_than_is_open(order: Order, ids: list[int]) -> None:
    error = refused(order, {ids[0]: 4})
    assert (error.code, error.errors) == (
        "quantity_exceeded",
        {"lines.0.quantity": ["There are 3 open."]},
    )
    cancel_order(order_id=order.pk, actor="x", lines=shipment(order, {ids[0]: 1}).lines)
    ship(order, {ids[0]: 1})
    error = refused(order, {ids[1]: 1, ids[0]: 2}, idempotency_key="other")
    assert error.errors == {"lines.1.quantity": ["There are 1 open."]}


@pytest.mark.parametrize("chosen", [{}, {0: 0}, {0: -1}])
def test_at_least_one_unit_is_shipped(chosen: dict[int, int], order: Order, ids: list[int]) -> None:
    """Nobody ships nothing, whoever calls the operation."""
    error = refused(order, {ids[at]: quantity for at, quantity in chosen.items()})
    assert error.code == "invalid"
    assert [*error.errors] == (["lines.0.quantity"] if chosen else ["lines"])
    assert not Shipment.objects.exists()


def test_units_of_a_line_that_is_named_twice_add_up(order: Order, ids: list[int]) -> None:
    by_id = LineUnits(path="lines.0", line_id=ids[0], quantity=2)
    by_sku = LineUnits(path="lines.1", sku="MUG", quantity=2)
    both = shipment(order)
    [outcome] = ship_orders([type(both)(**_fields(both) | {"lines": (by_id, by_sku)})])
    assert isinstance(outcome, QuantityExceeded)
    assert outcome.errors == {"lines.1.quantity": ["There are 3 open."]}
    one = LineUnits(path="lines.1", sku="MUG", quantity=1)
    [outcome] = ship_orders([type(both)(**_fields(both) | {"lines": (by_id, one)})])
    assert isinstance(outcome, Shipped)
    assert parts(order) == [(3, 3, 0, 0), (4, 0, 0, 0)]


def _fields(request: Any) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__struct_fields__}


def test_a_line_is_named_by_its_id_or_by_a_sku_that_one_line_has(
    mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    order = make_order(
        line(mug.id, path="lines.0"),
        line(mug.id, path="lines.1", unit_price=Decimal(1)),
        line(pen.id, path="lines.2"),
    )
    others = make_order(line(pen.id)).lines.get()
    wrong = (
        LineUnits(path="lines.0", sku="MUG", quantity=1),
        LineUnits(path="lines.1", sku="CUP", quantity=1),
        LineUnits(path="lines.2", line_id=others.pk, quantity=1),
    )
    request = shipment(order)
    [outcome] = ship_orders([type(request)(**_fields(request) | {"lines": wrong})])
    assert isinstance(outcome, UnknownLine)
    assert outcome.errors == {
        "lines.0.sku": ["Several lines of the order have this SKU; send line_id."],
        "lines.1.sku": ["The order has no such line."],
        "lines.2.line_id": ["The order has no such line."],
    }
    assert parts(order) == [(1, 0, 0, 0)] * 3


def test_the_same_key_ships_once(order: Order, ids: list[int]) -> None:
    first = ship(order, {ids[0]: 1}, idempotency_key="a")
    again = shipment(order, {ids[0]: 1}, idempotency_key="a", version=1)
    assert ship_orders([again]) == [ShippedBefore(first)]
    assert isinstance(refused(order, {ids[0]: 2}, idempotency_key="a"), IdempotencyKeyReused)
    assert isinstance(refused(order, None, idempotency_key="a"), IdempotencyKeyReused)
    other = ship(order, {ids[0]: 1}, idempotency_key="a", actor="staff:ada")  # another's key
    assert (other != first, parts(order)) == (True, [(3, 2, 0, 0), (4, 0, 0, 0)])


def test_an_order_that_is_held_is_not_shipped(mug: ProductSnapshot) -> None:
    held = make_order(line(mug.id), hold_seconds=60)
    assert isinstance(refused(held, {held.lines.get().pk: 1}), NotConfirmed)


@pytest.mark.parametrize("step", [ship_order, cancel_order])
def test_what_is_over_is_not_shipped(step: Any, order: Order, ids: list[int]) -> None:
    step(order_id=order.pk, actor="x")
    order.refresh_from_db()
    error = refused(order, {ids[0]: 1})
    assert str(error) == f"An order that is {order.status} cannot become shipped."


def test_tracking_is_written_and_changed_and_erased(order: Order, ids: list[int]) -> None:
    bare = ship(order, {ids[0]: 1})
    assert not Tracking.objects.exists()
    followed = Followed(carrier="DHL", tracking_number="17")
    parcel = ship(order, {ids[0]: 2}, followed=followed)
    columns = ("carrier", "tracking_number", "tracking_url")
    assert Tracking.objects.values_list(*columns).get(pk=parcel) == ("DHL", "17", "")
    follow_shipment(shipment_id=bare, changes={"tracking_url": "https://example.org/1"})
    follow_shipment(shipment_id=parcel, changes={"carrier": "", "tracking_number": ""})
    assert Tracking.objects.values_list(*columns).get(pk=bare) == ("", "", "https://example.org/1")
    assert Tracking.objects.values_list(*columns).get(pk=parcel) == ("", "", "")
    assert state(order) == ("pending", 3, "38.00", True)


def test_a_shipment_that_does_not_exist() -> None:
    with pytest.raises(ShipmentNotFound):
        deliver_shipment(shipment_id=2**62, actor="x")
    with pytest.raises(ShipmentNotFound):
        follow_shipment(shipment_id=2**62, changes={"carrier": "DHL"})
    assert not Tracking.objects.exists()

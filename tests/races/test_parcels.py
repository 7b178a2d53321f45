"""Units of an order are shipped, canceled, delivered and changed by many at once."""

from collections import Counter
from contextlib import AbstractContextManager
from functools import partial

import pytest
from django.db import IntegrityError

from apps.orders.exceptions import OrdersError
from apps.orders.fulfilment.shipping import Shipped
from apps.orders.models import Order, OrderEvent, OrderLine, Shipment, ShipmentLine
from apps.orders.operations import (
    LineUnits,
    OrderChange,
    ShipmentRequest,
    cancel_order,
    change_order,
    deliver_shipment,
    ship_order,
    ship_orders,
)
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import committed, in_stock, make_product
from apps.products.models import Product, StockMovement
from monoservices.database.engines import engine
from tests.books import assert_books_balance
from tests.races.controls import (
    before_its_first_write,
    drop_constraints,
    locks_or_writes,
    unlock_orders,
)
from tests.races.workers import WORKERS, Workers, meeting_before

HALF = WORKERS // 2

WITHIN_QUANTITY = "line_units_within_quantity"
"""The constraint that keeps lines from having more units shipped and canceled than ordered."""

control_of_locks = pytest.mark.skipif(
    not engine().LOCKS_ROWS, reason="on SQLite, one transaction writes at a time"
)


def meeting() -> AbstractContextManager[None]:
    """Let the workers meet before each of them locks anything; without locks, before it writes."""
    return meeting_before(locks_or_writes)


def one_of(order: Order) -> tuple[LineUnits, ...]:
    """One unit of the order's line."""
    [ordered] = order.lines.all()
    return (LineUnits(path="lines.0", quantity=1, line_id=ordered.pk),)


def ship_one(job: tuple[int, str]) -> str:
    """Ship one unit of an order under a key; return the outcome."""
    order_id, key = job
    lines = one_of(Order.objects.get(pk=order_id))
    request = ShipmentRequest(order_id=order_id, actor="x", idempotency_key=key, lines=lines)
    with meeting():
        try:
            [outcome] = ship_orders([request])
        except IntegrityError:
            return "the database refused it"
    if isinstance(outcome, OrdersError):
        return outcome.code
    return "shipped" if isinstance(outcome, Shipped) else "replayed"


def cancel_one(order_id: int) -> str:
    """Cancel one unit of an order; return the outcome."""
    lines = one_of(Order.objects.get(pk=order_id))
    with meeting():
        try:
            cancel_order(order_id=order_id, actor="x", lines=lines)
        except OrdersError as refusal:
            return refusal.code
    return "canceled"


def ship_or_cancel_one(job: tuple[int, int]) -> str:
    """Ship one unit if the number is even, else cancel one."""
    number, order_id = job
    return cancel_one(order_id) if number % 2 else ship_one((order_id, f"{number}"))


def ship_or_change(job: tuple[int, int]) -> str:
    """Ship one unit if the number is even, else let the order have two units."""
    number, order_id = job
    if number % 2 == 0:
        return ship_one((order_id, f"{number}"))
    with meeting():
        try:
            change = OrderChange(quantity=2)
            change_order(order_id=order_id, change=change, actor="x")
        except OrdersError as refusal:
            return refusal.code
    return "changed"


def deliver(shipment_id: int) -> None:
    with meeting_before(lambda sql: locks_or_writes(sql) and not sql.startswith("INSERT")):
        deliver_shipment(shipment_id=shipment_id, actor="x")


def jobs_with_keys(order: Order) -> list[tuple[int, str]]:
    return [(order.pk, f"{number}") for number in range(WORKERS)]


def drop_versions() -> None:
    """Let two changes of an order make the same version."""
    drop_constraints(Shipment, "shipment_once_per_version")
    drop_constraints(OrderEvent, "event_once_per_version")
    drop_constraints(StockMovement, "movement_once_per_revision")


def drop_bounds_of_committed() -> None:
    drop_constraints(StockMovement, "movement_committed_in_bounds")
    drop_constraints(Product, "product_committed_in_bounds")


def shipped_units() -> int:
    return sum(ShipmentLine.objects.values_list("quantity", flat=True))


def test_each_open_unit_is_shipped_or_canceled_once(workers: Workers) -> None:
    product = make_product(stock=10)
    order = make_order(line(product.id, HALF))
    jobs = [(number, order.pk) for number in range(WORKERS)]
    outcomes = Counter(workers.run(ship_or_cancel_one, jobs))
    assert outcomes["shipped"] + outcomes["canceled"] == HALF
    assert outcomes["illegal_transition"] == WORKERS - HALF
    assert shipped_units() == outcomes["shipped"] == 10 - in_stock(product)
    assert committed(product) == 0
    assert_books_balance()


@control_of_locks
@pytest.mark.usefixtures("control")
def test_control_without_the_lock_canceled_units_are_shipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """First the constraints refuse it, and then, without them, nothing does."""
    order = make_order(line(make_product().id, 2))
    unlock_orders(monkeypatch)
    lines = one_of(order)
    with (
        pytest.raises(IntegrityError, match=WITHIN_QUANTITY),
        before_its_first_write(lambda: cancel_order(order_id=order.pk, actor="x", lines=lines)),
    ):
        ship_order(order_id=order.pk, actor="x")
    assert_books_balance()
    drop_constraints(OrderLine, WITHIN_QUANTITY)
    drop_versions()
    drop_bounds_of_committed()
    again = make_order(line(make_product().id, 2))
    lines = one_of(again)
    with before_its_first_write(lambda: cancel_order(order_id=again.pk, actor="x", lines=lines)):
        ship_order(order_id=again.pk, actor="x")
    [ordered] = again.lines.all()
    assert (ordered.shipped_quantity, ordered.canceled_quantity, ordered.quantity) == (2, 1, 2)


def test_the_last_unit_is_shipped_once(workers: Workers) -> None:
    product = make_product(stock=10)
    order = make_order(line(product.id))
    outcomes = Counter(workers.run(ship_one, jobs_with_keys(order)))
    assert outcomes == {"shipped": 1, "illegal_transition": WORKERS - 1}
    assert (Shipment.objects.count(), shipped_units()) == (1, 1)
    assert (in_stock(product), committed(product)) == (9, 0)
    assert_books_balance()


@control_of_locks
@pytest.mark.usefixtures("control")
def test_control_without_the_lock_everybody_ships_the_last_unit(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_versions()
    drop_bounds_of_committed()
    order = make_order(line(make_product().id))
    unlock_orders(monkeypatch)
    assert Counter(workers.run(ship_one, jobs_with_keys(order))) == {"shipped": WORKERS}
    assert shipped_units() == WORKERS


@control_of_locks
@pytest.mark.usefixtures("control")
@pytest.mark.parametrize("kept", [Shipment, OrderEvent, StockMovement])
def test_without_the_lock_each_constraint_of_versions_refuses_a_second_shipment(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, kept: type
) -> None:
    for model, name in (
        (Shipment, "shipment_once_per_version"),
        (OrderEvent, "event_once_per_version"),
        (StockMovement, "movement_once_per_revision"),
    ):
        if model is not kept:
            drop_constraints(model, name)
    product = make_product()
    order = make_order(line(product.id, WORKERS))
    unlock_orders(monkeypatch)
    outcomes = Counter(workers.run(ship_one, jobs_with_keys(order)))
    assert outcomes == {"shipped": 1, "the database refused it": WORKERS - 1}
    assert (shipped_units(), committed(product)) == (1, WORKERS - 1)
    assert_books_balance()


def test_one_key_makes_one_shipment(workers: Workers) -> None:
    product = make_product(stock=10)
    order = make_order(line(product.id, WORKERS))
    outcomes = Counter(workers.run(ship_one, [(order.pk, "a")] * WORKERS))
    assert outcomes == {"shipped": 1, "replayed": WORKERS - 1}
    assert (Shipment.objects.count(), shipped_units()) == (1, 1)
    assert committed(product) == WORKERS - 1
    assert_books_balance()


@control_of_locks
@pytest.mark.usefixtures("control")
def test_control_without_the_lock_one_key_makes_many_shipments(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_versions()
    drop_constraints(Shipment, "shipment_once_per_key")
    order = make_order(line(make_product().id, WORKERS))
    unlock_orders(monkeypatch)
    assert Counter(workers.run(ship_one, [(order.pk, "a")] * WORKERS)) == {"shipped": WORKERS}
    assert Shipment.objects.filter(idempotency_key="a").count() == WORKERS


def test_a_change_leaves_no_less_than_what_is_shipped(workers: Workers) -> None:
    product = make_product(stock=10)
    order = make_order(line(product.id, HALF))
    jobs = [(number, order.pk) for number in range(WORKERS)]
    outcomes = Counter(workers.run(ship_or_change, jobs))
    [ordered] = order.lines.all()
    assert ordered.quantity == (2 if outcomes["changed"] else 3)
    assert ordered.shipped_quantity == ordered.quantity == outcomes["shipped"]
    assert (in_stock(product), committed(product)) == (10 - ordered.quantity, 0)
    assert_books_balance()


@control_of_locks
@pytest.mark.usefixtures("control")
def test_control_without_the_lock_a_change_leaves_less_than_what_is_shipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """First a constraint refuses it, and then, without it, nothing does."""
    unlock_orders(monkeypatch)
    with pytest.raises(IntegrityError, match=WITHIN_QUANTITY):
        change_while_others_ship(make_order(line(make_product().id, 2)))
    assert_books_balance()
    drop_constraints(OrderLine, WITHIN_QUANTITY)
    drop_versions()
    drop_bounds_of_committed()
    order = make_order(line(make_product().id, 2))
    change_while_others_ship(order)
    [ordered] = order.lines.all()
    assert (ordered.shipped_quantity, ordered.quantity) == (2, 1)


def change_while_others_ship(order: Order) -> None:
    """Let an order of two units have one, after a look; meanwhile both are shipped."""
    with before_its_first_write(partial(ship_order, order_id=order.pk, actor="x")):
        change_order(order_id=order.pk, change=OrderChange(quantity=1), actor="x")


def many_shipments() -> tuple[Order, list[int]]:
    """An order that is shipped in WORKERS shipments; none has arrived."""
    order = make_order(line(make_product(stock=10).id, WORKERS))
    lines = one_of(order)
    requests = [
        ShipmentRequest(order_id=order.pk, actor="x", idempotency_key=key, lines=lines)
        for _, key in jobs_with_keys(order)
    ]
    ship_orders(requests)
    return order, list(order.shipments.order_by("pk").values_list("pk", flat=True))


def test_the_last_of_many_deliveries_delivers_the_order(workers: Workers) -> None:
    order, shipments = many_shipments()
    workers.run(deliver, shipments)
    order.refresh_from_db()
    assert (order.status, order.version) == ("delivered", 1 + 2 * WORKERS)
    steps = Counter(order.events.filter(type="delivered").values_list("from_status", "to_status"))
    assert steps == {("shipped", "shipped"): WORKERS - 1, ("shipped", "delivered"): 1}
    assert_books_balance()


@control_of_locks
@pytest.mark.usefixtures("control")
def test_control_without_the_lock_no_delivery_is_the_last(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_constraints(OrderEvent, "event_once_per_version")
    order, shipments = many_shipments()
    unlock_orders(monkeypatch)
    workers.run(deliver, shipments)
    order.refresh_from_db()
    assert order.shipments.filter(delivery=None).count() == 0
    assert order.status == "shipped"

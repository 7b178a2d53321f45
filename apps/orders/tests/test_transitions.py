"""Shipping, delivering and canceling."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from apps.orders.exceptions import IllegalTransition, OrderNotFound, VersionConflict
from apps.orders.models import Order, OrderEvent
from apps.orders.operations import cancel_order, deliver_order, move_order, ship_order
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import (
    MOVEMENT,
    committed,
    in_stock,
    make_product,
    read_product,
    set_product,
)
from monoservices.testing.rows import rows_of
from tests.books import assert_books_balance

pytestmark = pytest.mark.django_db

WAYS = {
    "pending": (),
    "shipped": ("shipped",),
    "delivered": ("shipped", "delivered"),
    "canceled": ("canceled",),
}
"""How an order comes to each status."""

LEGAL = {("pending", "shipped"), ("pending", "canceled"), ("shipped", "delivered")}

OPERATIONS: list[tuple[Callable[..., Order], str]] = [
    (ship_order, "shipped"),
    (deliver_order, "delivered"),
    (cancel_order, "canceled"),
]


def order_that_is(status: str) -> Order:
    """An order of two units of a product that has ten, brought to a status."""
    order = make_order(line(make_product(stock=10).id, 2))
    for step in WAYS[status]:
        move_order(order_id=order.pk, status=step, actor="x")
    order.refresh_from_db()
    return order


def history(order: Order) -> list[tuple[str, str, str, str]]:
    rows = order.events.order_by("pk")
    return list(rows.values_list("type", "from_status", "to_status", "actor"))


def stock_of(order: Order) -> int:
    return read_product(order.lines.get().product_id).stock_quantity


@pytest.mark.parametrize(("operation", "after"), OPERATIONS)
@pytest.mark.parametrize("before", WAYS)
def test_every_step_from_every_status(
    before: str, operation: Callable[..., Order], after: str
) -> None:
    order = order_that_is(before)
    version, stock, past = order.version, stock_of(order), history(order)
    if (before, after) in LEGAL:
        moved = operation(order_id=order.pk, actor="client:7")
        assert (moved.status, moved.version) == (after, version + 1)
        assert history(order) == [*past, (after, before, after, "client:7")]
        assert stock_of(order) == (10 if after == "canceled" else stock)
    elif before == after:
        same = operation(order_id=order.pk, actor="client:7")
        assert (same.status, same.version, same.updated_at) == (before, version, order.updated_at)
        assert (history(order), stock_of(order)) == (past, stock)
    else:
        with pytest.raises(IllegalTransition, match=f"is {before} cannot become {after}"):
            operation(order_id=order.pk, actor="client:7")
        assert (history(order), stock_of(order)) == (past, stock)
        order.refresh_from_db()
        assert (order.status, order.version) == (before, version)
    assert_books_balance()


@pytest.mark.parametrize("before", ["shipped", "delivered", "canceled"])
def test_nothing_becomes_pending_again(before: str) -> None:
    order = order_that_is(before)
    with pytest.raises(IllegalTransition):
        move_order(order_id=order.pk, status="pending", actor="x")
    assert order.events.count() == order.version


def test_no_order_takes_a_status_that_does_not_exist() -> None:
    order = order_that_is("pending")
    with pytest.raises(IllegalTransition):
        move_order(order_id=order.pk, status="lost", actor="x")
    assert history(order) == [("placed", "", "pending", "client:1")]


@pytest.mark.parametrize("order_id", [0, 7_777, 2**63 - 1])
def test_an_order_that_does_not_exist(order_id: int) -> None:
    for operation, _ in OPERATIONS:
        with pytest.raises(OrderNotFound):
            operation(order_id=order_id, actor="x")
    assert OrderEvent.objects.count() == 0


@pytest.mark.parametrize(("operation", "after"), OPERATIONS[::2])
def test_a_version_that_is_not_the_order_s_is_refused(
    operation: Callable[..., Order], after: str
) -> None:
    order = order_that_is("pending")
    for version in (0, 2):
        with pytest.raises(VersionConflict, match="at version 1 now"):
            operation(order_id=order.pk, actor="x", version=version)
    assert stock_of(order) == 8
    assert operation(order_id=order.pk, actor="x", version=1).status == after
    # Sent again after it was done, it finds the order where it is to go: RFC 9110, 13.1.1.
    assert operation(order_id=order.pk, actor="x", version=1).version == 2
    assert order.events.count() == 2


def test_canceling_puts_every_line_s_stock_back_once() -> None:
    mug, pen = make_product(stock=10), make_product(stock=5)
    order = make_order(line(mug.id, 2), line(pen.id, 5), line(mug.id, 3, unit_price=Decimal(1)))
    assert (in_stock(mug), in_stock(pen)) == (5, 0)
    for _ in range(3):
        cancel_order(order_id=order.pk, actor="client:7")
        assert (in_stock(mug), in_stock(pen)) == (10, 5)
    released = rows_of(MOVEMENT).filter(reason="released")
    columns = ("product_id", "delta", "quantity_after", "reference", "revision", "actor")
    assert list(released.values_list(*columns)) == [
        (mug.id, 5, 10, f"order:{order.pk}", 2, "client:7"),
        (pen.id, 5, 5, f"order:{order.pk}", 2, "client:7"),
    ]
    assert_books_balance()


def test_canceling_puts_back_what_has_been_archived() -> None:
    mug = make_product(stock=10)
    order = make_order(line(mug.id, 2))
    set_product(mug, is_active=False)
    cancel_order(order_id=order.pk, actor="x")
    assert in_stock(mug) == 10


def test_shipping_takes_every_line_off_the_shelf_once() -> None:
    mug, pen = make_product(stock=10), make_product(stock=5)
    order = make_order(line(mug.id, 2), line(pen.id, 5), line(mug.id, 3, unit_price=Decimal(1)))
    assert (committed(mug), committed(pen)) == (5, 5)
    for _ in range(3):
        ship_order(order_id=order.pk, actor="client:7")
        assert (in_stock(mug), in_stock(pen), committed(mug), committed(pen)) == (5, 0, 0, 0)
    shipped = rows_of(MOVEMENT).filter(reason="shipped")
    columns = ("product_id", "delta", "committed_delta", "committed_after", "reference", "revision")
    assert list(shipped.values_list(*columns)) == [
        (mug.id, 0, -5, 0, f"order:{order.pk}", 2),
        (pen.id, 0, -5, 0, f"order:{order.pk}", 2),
    ]
    deliver_order(order_id=order.pk, actor="client:7")
    assert rows_of(MOVEMENT).count() == 6
    assert_books_balance()


def test_canceling_commits_nothing_any_more() -> None:
    mug = make_product(stock=10)
    order = make_order(line(mug.id, 2))
    cancel_order(order_id=order.pk, actor="x")
    assert (in_stock(mug), committed(mug)) == (10, 0)


def test_canceling_has_room_however_full_the_shelf_is() -> None:
    """What is on hand has a bound, and canceling does not change it."""
    mug = make_product(stock=2**31 - 1)
    order = make_order(line(mug.id, 2))
    cancel_order(order_id=order.pk, actor="x")
    assert (in_stock(mug), committed(mug)) == (2**31 - 1, 0)
    assert_books_balance()

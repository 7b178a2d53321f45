"""Held orders: placing, confirming, extending, sweeping and reviving them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.orders.exceptions import (
    HoldExpired,
    IllegalTransition,
    InvalidOrder,
    NotConfirmed,
    VersionConflict,
)
from apps.orders.models import Order
from apps.orders.operations import (
    OrderChange,
    cancel_order,
    change_order,
    confirm_order,
    deliver_order,
    place_order,
    ship_order,
    sweep_expired_holds,
)
from apps.orders.tests.factories import line, make_order, shop_request
from apps.orders.tests.product_rows import in_stock, ledger, make_product, set_product
from tests.books import assert_books_balance

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def hold(*lines: Any, seconds: int = 60, **details: Any) -> Order:
    """An order of some lines that was placed at NOON and is held."""
    placed = place_order(shop_request(*lines, hold_seconds=seconds, **details), at=NOON)
    return Order.objects.get(pk=placed.id)


def state(order: Order) -> tuple[str, int, datetime | None, str | None]:
    order.refresh_from_db()
    return order.status, order.version, order.held_until, order.canceled_because


def last_event(order: Order) -> tuple[Any, ...]:
    columns = ("type", "from_status", "to_status", "actor", "version")
    return order.events.order_by("pk").values_list(*columns).last() or ()


def test_a_held_order_takes_its_stock_now() -> None:
    mug = make_product(stock=5)
    order = hold(line(mug.id, 2))
    assert state(order) == ("pending", 1, after(60), None)
    assert (in_stock(mug), order.is_held) == (3, True)
    assert '"held_until":"2024-05-01T12:01:00Z","canceled_because":null' in order.first_answer
    assert_books_balance()


def test_an_order_without_a_hold_is_firm() -> None:
    order = make_order(line(make_product().id))
    assert (order.held_until, order.is_held) == (None, False)
    assert '"held_until":null,"canceled_because":null' in order.first_answer


def test_a_hold_is_counted_from_the_clock_of_the_database() -> None:
    order = make_order(line(make_product().id), hold_seconds=900)
    assert order.held_until == order.created_at + timedelta(seconds=900)


# Sweeping


def test_the_sweep_takes_back_what_has_expired_and_nothing_before() -> None:
    mug, pen = make_product(stock=5), make_product(stock=5)
    order = hold(line(mug.id, 2), line(pen.id, 5))
    firm = make_order(line(mug.id))
    assert sweep_expired_holds(at=after(59.999)) == 0
    assert state(order) == ("pending", 1, after(60), None)
    assert sweep_expired_holds(at=after(60)) == 1
    assert state(order) == ("canceled", 2, after(60), "expired")
    assert last_event(order) == ("canceled", "pending", "canceled", "housekeeper", 2)
    assert (in_stock(mug), in_stock(pen)) == (4, 5)
    assert state(firm) == ("pending", 1, None, None)
    assert sweep_expired_holds(at=after(60)) == 0
    assert_books_balance()


def test_the_sweep_takes_the_oldest_first_and_no_more_than_its_limit() -> None:
    mug = make_product(stock=30)
    orders = [hold(line(mug.id), seconds=60 + 10 * (number % 3)) for number in range(9)]
    assert sweep_expired_holds(4, at=after(3600)) == 4
    expired = [n for n, order in enumerate(orders) if state(order)[0] == "canceled"]
    assert len(expired) == 4
    assert {0, 3, 6} < set(expired)
    assert sweep_expired_holds(4, at=after(3600)) == 4
    assert sweep_expired_holds(4, at=after(3600)) == 1
    assert in_stock(mug) == 30
    assert_books_balance()


def test_the_sweep_goes_by_the_clock_of_the_database() -> None:
    held = make_order(line(make_product().id), hold_seconds=60)
    hold(line(make_product().id))
    assert sweep_expired_holds() == 1
    assert state(held)[0] == "pending"


# Confirming


@pytest.mark.parametrize("seconds", [0, 59, 60, 3600])
def test_confirming_makes_it_firm_as_long_as_nobody_took_it_back(seconds: float) -> None:
    mug = make_product(stock=5)
    order = hold(line(mug.id, 2))
    confirmed = confirm_order(order_id=order.pk, actor="client:7", at=after(seconds))
    assert (confirmed.version, confirmed.updated_at) == (2, after(seconds))
    assert state(order) == ("pending", 2, None, None)
    assert last_event(order) == ("confirmed", "pending", "pending", "client:7", 2)
    assert sweep_expired_holds(at=after(7200)) == 0
    assert in_stock(mug) == 3
    assert_books_balance()


def test_confirming_a_firm_order_changes_nothing() -> None:
    order = make_order(line(make_product().id))
    for steps, operation in enumerate((None, ship_order, deliver_order)):
        if operation:
            operation(order_id=order.pk, actor="x")
        confirmed = confirm_order(order_id=order.pk, actor="x", version=77)
        assert (confirmed.version, order.events.count()) == (1 + steps, 1 + steps)


def test_confirming_another_version_is_refused() -> None:
    order = hold(line(make_product().id))
    with pytest.raises(VersionConflict):
        confirm_order(order_id=order.pk, actor="x", version=2)
    assert state(order) == ("pending", 1, after(60), None)


def test_confirming_what_was_taken_back_takes_it_once_more() -> None:
    mug = make_product(stock=2)
    order = hold(line(mug.id, 2))
    sweep_expired_holds(at=after(60))
    set_product(mug, is_active=False)
    confirm_order(order_id=order.pk, actor="client:7", version=2, at=after(61))
    assert state(order) == ("pending", 3, None, None)
    assert last_event(order) == ("revived", "canceled", "pending", "client:7", 3)
    assert (in_stock(mug), [delta for _, delta, *_ in ledger(mug)]) == (0, [2, -2, 2, -2])
    assert_books_balance()
    cancel_order(order_id=order.pk, actor="x")
    assert (in_stock(mug), state(order)[3]) == (2, "requested")
    assert_books_balance()


def test_confirming_what_was_taken_back_and_sold_is_refused() -> None:
    mug = make_product(stock=2)
    order = hold(line(mug.id, 2))
    sweep_expired_holds(at=after(60))
    make_order(line(mug.id))
    with pytest.raises(HoldExpired):
        confirm_order(order_id=order.pk, actor="x")
    assert state(order) == ("canceled", 2, after(60), "expired")
    assert in_stock(mug) == 1
    assert_books_balance()


def test_confirming_takes_nothing_back_from_other_holds() -> None:
    """Units in a hold that has expired are not there until the sweep or a buyer takes them back.

    The other order may still be confirmed, and orders are locked in the order of their ids.
    """
    mug = make_product(stock=1)
    order = hold(line(mug.id))
    sweep_expired_holds(at=after(60))
    other = make_order(line(mug.id), hold_seconds=60, at=after(61))
    with pytest.raises(HoldExpired):
        confirm_order(order_id=order.pk, actor="x", at=after(3600))
    assert (state(order)[:2], state(other)[:2]) == (("canceled", 2), ("pending", 1))
    assert sweep_expired_holds(at=after(3600)) == 1
    confirm_order(order_id=order.pk, actor="x", at=after(3601))
    assert (state(order), in_stock(mug)) == (("pending", 3, None, None), 0)
    assert_books_balance()


def test_confirming_what_was_canceled_on_request_is_refused() -> None:
    order = hold(line(make_product().id))
    cancel_order(order_id=order.pk, actor="x")
    assert state(order) == ("canceled", 2, after(60), "requested")
    with pytest.raises(IllegalTransition):
        confirm_order(order_id=order.pk, actor="x")
    Order.objects.filter(pk=order.pk).update(canceled_because=None)  # as before it was recorded
    with pytest.raises(IllegalTransition):
        confirm_order(order_id=order.pk, actor="x")
    assert state(order)[:2] == ("canceled", 2)


# Shipping and changing


def test_an_order_that_is_held_cannot_be_shipped() -> None:
    order = hold(line(make_product().id))
    with pytest.raises(NotConfirmed):
        ship_order(order_id=order.pk, actor="x")
    assert state(order) == ("pending", 1, after(60), None)
    confirm_order(order_id=order.pk, actor="x")
    assert ship_order(order_id=order.pk, actor="x").version == 3


def extend(order: Order, seconds: int, *, at: datetime) -> Order:
    change = OrderChange(hold_seconds=seconds)
    return change_order(order_id=order.pk, change=change, actor="x", at=at)


def test_a_hold_is_extended_from_now_on_also_when_it_has_expired() -> None:
    order = hold(line(make_product().id))
    assert extend(order, 600, at=after(30)).held_until == after(630)
    assert extend(order, 60, at=after(40)).held_until == after(100)
    assert extend(order, 60, at=after(1000)).held_until == after(1060)
    event = order.events.order_by("pk").last()
    assert event is not None
    assert event.data == {"fields": ["hold_seconds"], "held_until": after(1060).isoformat()}
    assert sweep_expired_holds(at=after(1059)) == 0


def test_a_hold_ends_30_days_after_it_was_placed_at_the_latest() -> None:
    order = hold(line(make_product().id), seconds=2_592_000)
    with pytest.raises(InvalidOrder) as refused:
        extend(order, 2_592_000, at=after(1))
    assert list(refused.value.errors) == ["hold_seconds"]
    assert state(order) == ("pending", 1, after(2_592_000), None)
    assert extend(order, 2_591_999, at=after(1)).held_until == after(2_592_000)


def test_the_hold_of_an_order_that_is_not_held_cannot_change() -> None:
    mug = make_product()
    firm, canceled = make_order(line(mug.id)), hold(line(mug.id))
    sweep_expired_holds(at=after(60))
    for order in (firm, canceled):
        with pytest.raises(IllegalTransition):
            extend(order, 60, at=after(61))
    assert (state(firm)[1], state(canceled)[1]) == (1, 2)


def test_a_held_order_changes_as_others_do() -> None:
    mug = make_product(stock=5)
    order = hold(line(mug.id, 2))
    change_order(order_id=order.pk, change=OrderChange(quantity=4), actor="x")
    assert (state(order), in_stock(mug)) == (("pending", 2, after(60), None), 1)
    assert sweep_expired_holds(at=after(60)) == 1
    assert in_stock(mug) == 5
    assert_books_balance()

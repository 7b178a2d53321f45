"""Units of an order come back, and money goes back, many times at once."""

from collections import Counter
from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError

from apps.orders.books.audit import audit
from apps.orders.exceptions import OrdersError
from apps.orders.models import Order, OrderEvent, Return, ReturnLine
from apps.orders.operations import ReturnedUnits, ReturnRequest, return_goods, ship_order
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import make_product, read_product
from apps.payments.operations import Money, record_payment, record_refund
from apps.products.models import StockMovement
from tests.books import assert_books_balance
from tests.races.controls import before_its_first_write, drop_constraints, unlock_orders
from tests.races.test_parcels import control_of_locks, jobs_with_keys, meeting
from tests.races.workers import WORKERS, Workers

FIVE = Decimal("5.00")
HALF = WORKERS // 2
CASH = Money(amount=FIVE, method="cash")


def shipped_order(units: int = 1) -> Order:
    """An order of units at 5.00, all of which are shipped."""
    order = make_order(line(make_product(stock=10).id, units))
    return ship_order(order_id=order.pk, actor="x")


def one_back(order_id: int) -> ReturnRequest:
    """One unit of the order's line, to be sold again."""
    [ordered] = Order.objects.get(pk=order_id).lines.all()
    unit = ReturnedUnits(path="lines.0", quantity=1, line_id=ordered.pk, restock=True)
    return ReturnRequest(lines=(unit,))


def return_one(job: tuple[int, str]) -> str:
    """Return one unit of an order under a key; return the outcome."""
    order_id, key = job
    request = one_back(order_id)
    with meeting():
        try:
            done = return_goods(order_id=order_id, request=request, actor="x", idempotency_key=key)
        except OrdersError as refusal:
            return refusal.code
        except IntegrityError:
            return "the database refused it"
    return "replayed" if done.replayed else "returned"


def refund(job: tuple[int, str]) -> str:
    """Give 5.00 back under a key; return the outcome."""
    order_id, key = job
    with meeting():
        try:
            record_refund(order_id=order_id, money=CASH, actor="x", idempotency_key=key)
        except OrdersError as refusal:
            return refusal.code
    return "refunded"


def return_or_refund(job: tuple[int, int]) -> str:
    """Return one unit if the number is even, else give 5.00 back."""
    number, order_id = job
    own = (order_id, f"{number}")
    return refund(own) if number % 2 else return_one(own)


def stock_of(order: Order) -> int:
    [ordered] = order.lines.all()
    return read_product(ordered.product_id).stock_quantity


def returned_units() -> int:
    return sum(ReturnLine.objects.values_list("quantity", flat=True))


VERSIONS = (
    (Return, "return_once_per_version"),
    (OrderEvent, "event_once_per_version"),
    (StockMovement, "movement_once_per_revision"),
)
"""What keeps two returns of an order from making the same version."""


def test_the_last_unit_comes_back_once(workers: Workers) -> None:
    order = shipped_order()
    outcomes = Counter(workers.run(return_one, jobs_with_keys(order)))
    assert outcomes == {"returned": 1, "quantity_exceeded": WORKERS - 1}
    order.refresh_from_db()
    assert (order.credited, order.version) == (FIVE, 3)
    assert (Return.objects.count(), returned_units(), stock_of(order)) == (1, 1, 10)
    assert_books_balance()


@control_of_locks
@pytest.mark.usefixtures("control")
def test_control_without_the_lock_the_last_unit_comes_back_many_times(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model, name in VERSIONS:
        drop_constraints(model, name)
    order = shipped_order()
    unlock_orders(monkeypatch)
    assert Counter(workers.run(return_one, jobs_with_keys(order))) == {"returned": WORKERS}
    assert (returned_units(), stock_of(order)) == (WORKERS, 9 + WORKERS)


@control_of_locks
@pytest.mark.usefixtures("control")
@pytest.mark.parametrize("kept", VERSIONS)
def test_without_the_lock_each_constraint_of_versions_refuses_a_second_return(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, kept: tuple[type, str]
) -> None:
    for model, name in VERSIONS:
        if model is not kept[0]:
            drop_constraints(model, name)
    order = shipped_order(WORKERS)
    unlock_orders(monkeypatch)
    outcomes = Counter(workers.run(return_one, jobs_with_keys(order)))
    assert outcomes == {"returned": 1, "the database refused it": WORKERS - 1}
    assert (returned_units(), stock_of(order)) == (1, 10 - WORKERS + 1)
    assert_books_balance()


def test_one_key_makes_one_return(workers: Workers) -> None:
    order = shipped_order(WORKERS)
    outcomes = Counter(workers.run(return_one, [(order.pk, "a")] * WORKERS))
    assert outcomes == {"returned": 1, "replayed": WORKERS - 1}
    order.refresh_from_db()
    assert (order.credited, order.version) == (FIVE, 3)
    assert (Return.objects.count(), returned_units()) == (1, 1)
    assert stock_of(order) == 10 - WORKERS + 1
    assert_books_balance()


@control_of_locks
@pytest.mark.usefixtures("control")
def test_control_without_the_lock_one_key_makes_many_returns(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model, name in VERSIONS:
        drop_constraints(model, name)
    drop_constraints(Return, "return_once_per_key")
    order = shipped_order(WORKERS)
    unlock_orders(monkeypatch)
    assert Counter(workers.run(return_one, [(order.pk, "a")] * WORKERS)) == {"returned": WORKERS}
    assert Return.objects.filter(idempotency_key="a").count() == WORKERS
    assert stock_of(order) == 10


def test_a_return_and_a_refund_of_everything_both_count_once(workers: Workers) -> None:
    order = shipped_order()
    record_payment(order_id=order.pk, money=CASH, actor="x", idempotency_key="p")
    jobs = [(number, order.pk) for number in range(WORKERS)]
    assert Counter(workers.run(return_or_refund, jobs)) == {
        "returned": 1,
        "quantity_exceeded": HALF - 1,
        "refunded": 1,
        "refund_exceeds_paid": HALF - 1,
    }
    order.refresh_from_db()
    assert (order.credited, order.paid, order.version) == (FIVE, Decimal(0), 5)
    assert Order.objects.needing_refund().count() == 0
    assert stock_of(order) == 10
    assert_books_balance()


@control_of_locks
@pytest.mark.usefixtures("control")
def test_control_without_the_lock_a_return_and_a_refund_make_one_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """First a constraint refuses it, and then, without it, nothing does."""
    unlock_orders(monkeypatch)
    with pytest.raises(IntegrityError, match="event_once_per_version"):
        refund_while_another_returns(shipped_order(), "a")
    assert_books_balance()
    drop_constraints(OrderEvent, "event_once_per_version")
    order = shipped_order()
    refund_while_another_returns(order, "b")
    order.refresh_from_db()
    versions = [*order.events.order_by("pk").values_list("version", flat=True)]
    assert (order.version, versions) == (4, [1, 2, 3, 4, 4])
    assert [each.order_id for each in audit()] == [None]


def refund_while_another_returns(order: Order, key: str) -> None:
    """Pay an order and give everything back after a look; meanwhile the unit comes back."""
    record_payment(order_id=order.pk, money=CASH, actor="x", idempotency_key=key)
    back = partial(
        return_goods,
        order_id=order.pk,
        request=one_back(order.pk),
        actor="x",
        idempotency_key=key,
    )
    with before_its_first_write(back):
        record_refund(order_id=order.pk, money=CASH, actor="x", idempotency_key=key)

"""Money for the same order comes many times at once."""

from collections import Counter
from contextlib import AbstractContextManager
from datetime import timedelta
from decimal import Decimal
from secrets import token_hex

import pytest
from django.utils import timezone

from apps.orders.models import Order, OrderEvent
from apps.orders.operations import place_order
from apps.orders.tests.factories import line, make_order, shop_request
from apps.orders.tests.product_rows import make_product
from apps.payments import audit
from apps.payments.exceptions import PaymentExists
from apps.payments.models import Payment
from apps.payments.operations import Money, record_payment, record_refund
from tests.books import assert_books_balance
from tests.races.workers import WORKERS, Workers, meet, meeting_after_reading, meeting_before

FIVE = Decimal("5.00")


def meeting_before_locking() -> AbstractContextManager[None]:
    """Let the workers meet when each has looked for what was recorded, and none has a lock."""
    return meeting_before(lambda sql: "FOR NO KEY UPDATE" in sql)


def money(reference: str) -> Money:
    return Money(amount=FIVE, method="card", provider="bank", provider_reference=reference)


def expired_hold(product_id: int) -> Order:
    """An order of one unit at 5.00 whose hold has expired, and which nobody has taken back."""
    at = timezone.now() - timedelta(hours=1)
    request = shop_request(line(product_id), hold_seconds=60)
    return Order.objects.get(pk=place_order(request, at=at).id)


def pay(job: tuple[int, int]) -> str:
    """Pay all of an order, by a reference of one's own; return the status that the order has."""
    number, order_id = job
    meet()
    done = record_payment(order_id=order_id, money=money(f"r{number}"), actor="x")
    return done.payment.order_status


def pay_after_a_look(job: tuple[int, int]) -> None:
    """Add to what was paid when the order was read, without a lock."""
    _, order_id = job
    order = Order.objects.get(pk=order_id)
    meet()
    Order.objects.filter(pk=order_id).update(paid=(order.paid or 0) + FIVE)


def pay_by_one_reference(order_id: int) -> bool:
    """Pay the order by a reference that all use; return whether that was a replay."""
    with meeting_before_locking():
        return record_payment(order_id=order_id, money=money("one"), actor="x").replayed


def pay_another_by_one_reference(order_id: int) -> str:
    """Pay an order of one's own by a reference that all use."""
    with meeting_after_reading(before="orders_orderevent"):
        try:
            record_payment(order_id=order_id, money=money("one"), actor="x")
        except PaymentExists as error:
            return error.code
    return "recorded"


def pay_by_one_reference_after_a_look(order_id: int) -> None:
    """Look the reference up, and if it is not known, record a payment under a name of its own."""
    known = Payment.objects.filter(provider_reference__startswith="one").exists()
    meet()
    if not known:
        own = money(f"one {token_hex(8)}")
        record_payment(order_id=order_id, money=own, actor="x")


def refund_everything(order_id: int) -> bool:
    """Give everything back under a key that all use; return whether that was a replay."""
    cash = Money(amount=FIVE, method="cash")
    with meeting_before_locking():
        done = record_refund(order_id=order_id, money=cash, actor="x", idempotency_key="a")
    return done.replayed


def test_payments_that_each_cover_are_all_kept_and_confirm_once(workers: Workers) -> None:
    order = expired_hold(make_product(stock=1).id)
    workers.run(pay, [(number, order.pk) for number in range(WORKERS)])
    order.refresh_from_db()
    assert (order.paid, order.held_until) == (FIVE * WORKERS, None)
    assert order.version == 1 + WORKERS + 1
    assert OrderEvent.objects.filter(type="confirmed").count() == 1
    assert Payment.objects.count() == WORKERS
    assert sorted(Payment.objects.values_list("paid", flat=True)) == [
        FIVE * number for number in range(1, WORKERS + 1)
    ]
    assert list(audit.audit()) == []
    assert_books_balance()


@pytest.mark.usefixtures("control")
def test_control_adding_to_what_was_read_loses_money(workers: Workers) -> None:
    order = make_order(line(make_product().id))
    workers.run(pay_after_a_look, [(number, order.pk) for number in range(WORKERS)])
    order.refresh_from_db()
    assert order.paid == FIVE


def test_one_reference_counts_once(workers: Workers) -> None:
    order = make_order(line(make_product().id))
    replayed = workers.run(pay_by_one_reference, [order.pk] * WORKERS)
    assert Counter(replayed) == {False: 1, True: WORKERS - 1}
    order.refresh_from_db()
    assert (order.paid, order.version, Payment.objects.count()) == (FIVE, 2, 1)
    assert_books_balance()


def test_one_reference_pays_one_order(workers: Workers) -> None:
    product = make_product()
    orders = [make_order(line(product.id)).pk for _ in range(WORKERS)]
    said = workers.run(pay_another_by_one_reference, orders)
    assert Counter(said) == {"recorded": 1, "payment_exists": WORKERS - 1}
    paid = Counter(Order.objects.values_list("paid", flat=True))
    assert paid == {Decimal(0): WORKERS - 1, FIVE: 1}
    assert list(audit.audit()) == []
    assert_books_balance()


@pytest.mark.usefixtures("control")
def test_control_looking_for_the_reference_first_counts_it_many_times(workers: Workers) -> None:
    order = make_order(line(make_product().id))
    workers.run(pay_by_one_reference_after_a_look, [order.pk] * WORKERS)
    order.refresh_from_db()
    assert order.paid == FIVE * WORKERS


def test_a_refund_of_everything_under_one_key_is_a_replay_for_all_others(workers: Workers) -> None:
    order = make_order(line(make_product().id))
    record_payment(order_id=order.pk, money=money("r"), actor="x")
    replayed = workers.run(refund_everything, [order.pk] * WORKERS)
    assert Counter(replayed) == {False: 1, True: WORKERS - 1}
    order.refresh_from_db()
    assert order.paid == 0
    assert Payment.objects.filter(kind="refund").count() == 1

"""Who pays for units in an expired hold, and who buys them, come at once."""

from collections import Counter
from collections.abc import Callable

import pytest
from django.db import transaction

from apps.orders.exceptions import OutOfStock
from apps.orders.microservice_communication import take_stock
from apps.orders.models import Order, OrderEvent
from apps.orders.operations import place_order, sweep_expired_holds
from apps.orders.placing.holds import EXPIRED
from apps.orders.placing.statements import stock_moves
from apps.orders.tests.factories import line, shop_request
from apps.orders.tests.product_rows import in_stock, make_product
from apps.payments import audit
from apps.payments.models import Payment
from apps.payments.operations import record_payment
from apps.products.models import StockMovement
from tests.books import assert_books_balance
from tests.races.controls import drop_constraints, end_holds_seen, seen
from tests.races.test_payments import FIVE, expired_hold, money, pay
from tests.races.workers import WORKERS, Workers, meet

HALF = WORKERS // 2


def pay_or_buy(job: tuple[int, int, int]) -> str:
    """Pay the order, or buy one unit of the product if there is no order."""
    number, order_id, product_id = job
    if order_id:
        return pay((number, order_id))
    meet()
    try:
        place_order(shop_request(line(product_id)))
    except OutOfStock:
        return "out_of_stock"
    return "bought"


def pay_after_others_bought(job: tuple[int, int, int]) -> None:
    """As `pay_or_buy`, but a payer looks at the order before others buy, and takes no lock."""
    _, order_id, product_id = job
    order = Order.objects.filter(pk=order_id).first()
    meet()
    if order is None:
        place_order(shop_request(line(product_id)))
    meet()
    if order is None:
        return
    was_held, units = order.is_held, {product_id: 1}
    order.paid, order.held_until = FIVE, None
    order.status, order.canceled_because = Order.Status.PENDING, None
    order.save()
    if not was_held:
        take_stock(moves=stock_moves(order_id, units, revision=order.version + 1, actor="x"))


def buy_after_others_paid(job: tuple[int, int, int]) -> str:
    """As `pay_or_buy`, but a buyer looks at an order before others pay, and takes no lock.

    Here, the buyers have orders too, whose units they take back.
    """
    number, order_id, product_id = job
    looked_at = seen(Order.objects.get(pk=order_id))
    if number < HALF:
        said = pay((number, order_id))
        meet()
        return said
    meet()
    meet()
    with transaction.atomic():
        end_holds_seen([looked_at], EXPIRED)
        place_order(shop_request(line(product_id)))
    return "bought"


def statuses() -> Counter[tuple[str, str | None]]:
    return Counter(Order.objects.values_list("status", "canceled_because"))


@pytest.mark.parametrize("taken_back", [False, True])
@pytest.mark.parametrize("payers_first", [False, True])
def test_late_payers_and_new_buyers_get_each_unit_once(
    workers: Workers, payers_first: bool, taken_back: bool
) -> None:
    """taken_back: whether the stock of the expired holds is free when they come."""
    product = make_product(stock=HALF)
    orders = [expired_hold(product.id).pk for _ in range(HALF)]
    if taken_back:
        assert sweep_expired_holds() == HALF
    jobs = [(number, order_id, product.id) for number, order_id in enumerate(orders)]
    jobs += [(HALF + number, 0, product.id) for number in range(HALF)]
    said = Counter(workers.run(pay_or_buy, jobs if payers_first else jobs[::-1]))
    got, bought = said["pending"], said["bought"]
    assert got + bought == HALF
    assert said["canceled"] == HALF - got
    assert said["out_of_stock"] == HALF - bought
    assert statuses()["pending", None] == HALF
    assert in_stock(product) == 0
    assert Payment.objects.count() == HALF
    assert Order.objects.needing_refund().count() == HALF - got
    assert list(audit.audit()) == []
    assert_books_balance()


@pytest.mark.usefixtures("control")
@pytest.mark.parametrize("taken_back", [False, True])
def test_control_paying_after_a_look_sells_a_unit_twice(workers: Workers, taken_back: bool) -> None:
    drop_constraints(StockMovement, "movement_sale_leaves_stock")
    product = make_product(stock=HALF)
    orders = [expired_hold(product.id).pk for _ in range(HALF)]
    if taken_back:
        sweep_expired_holds()
    jobs = [(number, order_id, product.id) for number, order_id in enumerate(orders)]
    jobs += [(HALF + number, 0, product.id) for number in range(HALF)]
    workers.run(pay_after_others_bought, jobs)
    pending: Callable[..., int] = Order.objects.filter(status="pending", held_until=None).count
    assert pending() == WORKERS


@pytest.mark.usefixtures("control")
def test_control_buying_after_a_look_sells_a_unit_that_is_paid(workers: Workers) -> None:
    drop_constraints(OrderEvent, "event_once_per_version")
    drop_constraints(Order, "order_canceled_because")
    product = make_product(stock=HALF)
    orders = [expired_hold(product.id).pk for _ in range(HALF)]
    jobs = [(number, orders[number % HALF], product.id) for number in range(WORKERS)]
    assert Counter(workers.run(buy_after_others_paid, jobs)) == {"pending": HALF, "bought": HALF}
    assert statuses() == {("pending", None): HALF, ("canceled", "expired"): HALF}
    assert Order.objects.needing_refund().count() == HALF


def test_a_late_payer_and_a_new_buyer_one_after_the_other(transactional_db: None) -> None:
    """In both orders, where the unit was taken back and where it was not."""
    for payer_first in (False, True):
        for taken_back in (False, True):
            product = make_product(stock=1)
            order = expired_hold(product.id)
            if taken_back:
                sweep_expired_holds()
            if payer_first:
                paid = record_payment(order_id=order.pk, money=money(f"{order.pk}"), actor="x")
                with pytest.raises(OutOfStock):
                    place_order(shop_request(line(product.id)))
            else:
                place_order(shop_request(line(product.id)))
                paid = record_payment(order_id=order.pk, money=money(f"{order.pk}"), actor="x")
            assert paid.payment.order_status == ("pending" if payer_first else "canceled")
            assert in_stock(product) == 0
    assert_books_balance()

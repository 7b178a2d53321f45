"""After any sequence of operations on orders that are held and paid, and as time goes by, the
database equals the model, and the books balance."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from apps.orders.microservice_communication import client_id_for
from apps.orders.models import Order
from apps.orders.operations import (
    OrderChange,
    cancel_order,
    change_order,
    confirm_order,
    deliver_order,
    order_request,
    place_orders,
    ship_order,
    sweep_expired_holds,
)
from apps.orders.placing.requests import PlacedOrder
from apps.orders.tests.factories import line
from apps.orders.tests.product_rows import make_product
from apps.payments.operations import Money, record_payment, record_refund
from apps.products.models import Product
from apps.products.operations import count_stock
from tests import hold_model
from tests.books import assert_books_balance
from tests.hold_model import MAX_HOLD, Shop
from tests.shop_model import Refused
from tests.test_state_machine import outcome

OPENED = datetime(2026, 1, 1, tzinfo=UTC)
NOBODYS_ID = 2**62
STOCK = (3, 5, 8)
PRICE = Decimal("5.00")

picks = st.integers(0, 9)
units = st.dictionaries(st.integers(0, 2), st.integers(1, 4), min_size=1)
holds = st.sampled_from([None, 60, 60, 60, 600, MAX_HOLD])
often = st.sampled_from([True, True, True, False])
wanted = st.tuples(units, holds, st.sampled_from([None] * 3 + [*range(10)]))

HAPPENED = {
    "paid: held, firm",
    "paid: expired, firm",
    "paid: expired, hold_expired",
    "paid: requested, illegal_transition",
    "paid: firm, firm",
    "replaced: paid",
    "refunded: not canceled",
    "refunded: requested",
    "refunded: expired",
}
"""What happens to money in all runs together: how the order was, and how it is afterwards."""


class Holds(RuleBasedStateMachine):
    """Call the operations and the model alike. Each run is one transaction."""

    happened: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.client_id = client_id_for(built_in="console")
        self.products = [make_product(stock=stock).id for stock in STOCK]
        self.payments = 0
        self.shop = Shop(
            Counter(dict(zip(self.products, STOCK, strict=True))),
            Counter(dict.fromkeys(self.products, 0)),
            happened=self.happened,
        )

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    @property
    def now(self) -> datetime:
        return OPENED + timedelta(seconds=self.shop.now)

    def order_id(self, pick: int) -> int:
        return list(self.shop.orders)[-1 - pick % len(self.shop.orders)]

    def pick(self, order_id: int) -> int:
        """What `order_id` returns this order for."""
        return list(self.shop.orders)[::-1].index(order_id)

    def with_order(self, pick: int, **further: Any) -> dict[str, Any]:
        """The arguments of an operation on an order."""
        return {"order_id": self.order_id(pick), "actor": "x", "at": self.now} | further

    @initialize()
    def open(self) -> None:
        """Begin with all that can happen to money, whatever follows by chance."""
        self.pay_late({0: 2}, sell=False, gives_back=False)
        self.pay(0, 1)
        self.refund(0, 3)
        self.cancel(0)
        self.pay_late({1: 5}, sell=True, gives_back=True)
        self.cancel(0)
        self.pay_and_replace({2: 3}, 60, gives_back=True)
        self.pay(0, 3)
        self.place([({0: 2, 1: 1}, 60, None), ({2: 5}, 60, None), ({1: 1}, None, None)])

    @rule(seconds=st.sampled_from([1, 59, 60, 600, MAX_HOLD]))
    def wait(self, seconds: int) -> None:
        self.shop.now += seconds

    @rule(batch=st.lists(wanted, min_size=1, max_size=5))
    def place(self, batch: list[tuple[dict[int, int], int | None, int | None]]) -> None:
        replaced = [
            None if pick is None else NOBODYS_ID if pick == 9 else self.order_id(pick)
            for *_, pick in batch
        ]
        requests = [
            order_request(
                client_id=self.client_id,
                lines=[line(self.products[n], count) for n, count in lines.items()],
                hold_seconds=seconds,
                replaces=order_id,
            )
            for (lines, seconds, _), order_id in zip(batch, replaced, strict=True)
        ]
        outcomes = place_orders(requests, at=self.now)
        for (lines, seconds, _), order_id, placed in zip(batch, replaced, outcomes, strict=True):
            of_products = Counter({self.products[n]: count for n, count in lines.items()})
            order, refusal = None, ""
            try:
                order = self.shop.place(of_products, seconds, order_id)
            except Refused as refused:
                refusal = refused.code
            assert refusal == ("" if isinstance(placed, PlacedOrder) else placed.code)
            if order and isinstance(placed, PlacedOrder):
                self.shop.orders[placed.id] = order

    @rule(pick=st.integers(0, 2), buyers=st.integers(2, 8))
    def rush(self, pick: int, buyers: int) -> None:
        self.place([({pick: 1}, 60, None)] * buyers)

    @rule(pick=picks)
    def confirm(self, pick: int) -> None:
        call = outcome(lambda: confirm_order(**self.with_order(pick)))
        assert call == outcome(lambda: self.shop.confirm(self.order_id(pick)))

    @rule(lines=units, sell=st.booleans(), gives_back=often)
    def pay_late(self, lines: dict[int, int], sell: bool, gives_back: bool) -> None:
        """Pay for an order whose stock was taken back, and perhaps sold."""
        self.place([(lines, 60, None)])
        order_id = self.order_id(0)
        self.wait(60)
        self.sweep()
        if sell:
            free = {n: self.shop.stock[key] for n, key in enumerate(self.products)}
            self.place(
                [({n: count for n, count in free.items() if count > 0} or lines, None, None)]
            )
        self.pay(self.pick(order_id), self.shop.orders[order_id].units.total())
        if gives_back:
            self.settle(order_id)

    @rule(lines=units, seconds=holds, gives_back=often)
    def pay_and_replace(self, lines: dict[int, int], seconds: int | None, gives_back: bool) -> None:
        """Replace an order of which the price of one unit is paid. The rest comes afterwards."""
        self.place([(lines, 60, None)])
        order_id = self.order_id(0)
        self.pay(0, 1)
        self.place([(lines, seconds, 0)])
        self.pay(self.pick(order_id), self.shop.orders[order_id].units.total())
        if gives_back:
            self.settle(order_id)

    @rule(pick=picks, amount=st.integers(1, 8))
    def pay(self, pick: int, amount: int) -> None:
        """A payment of the price of so many units."""
        call = outcome(lambda: record_payment(**self.with_money(pick, amount)).replayed)
        assert call == outcome(lambda: self.shop.pay(self.order_id(pick), amount))

    @rule(pick=picks, amount=st.integers(1, 8))
    def refund(self, pick: int, amount: int) -> None:
        call = outcome(lambda: record_refund(**self.with_money(pick, amount)).replayed)
        assert call == outcome(lambda: self.shop.refund(self.order_id(pick), amount))

    def settle(self, order_id: int) -> None:
        """Give back what is paid too much for an order."""
        if more := self.overpaid().get(order_id):
            self.refund(self.pick(order_id), more)

    def overpaid(self) -> dict[int, int]:
        """How much too much is paid, by order id."""
        orders = self.shop.orders.items()
        dues = {key: 0 if each.status == "canceled" else each.units.total() for key, each in orders}
        return {key: more for key, each in orders if (more := each.paid - dues[key]) > 0}

    def with_money(self, pick: int, amount: int) -> dict[str, Any]:
        self.payments += 1
        money = Money(amount=PRICE * amount, method="cash")
        return self.with_order(pick, money=money, idempotency_key=f"{self.payments}")

    @rule(pick=picks, seconds=st.sampled_from([60, 600, MAX_HOLD]))
    def extend(self, pick: int, seconds: int) -> None:
        change = OrderChange(hold_seconds=seconds)
        call = outcome(lambda: change_order(**self.with_order(pick, change=change)))
        assert call == outcome(lambda: self.shop.extend(self.order_id(pick), seconds))

    @rule(pick=picks, lines=units)
    def change(self, pick: int, lines: dict[int, int]) -> None:
        requested = tuple(
            line(self.products[n], count, path=f"lines.{n}") for n, count in lines.items()
        )
        change = OrderChange(lines=requested)
        call = outcome(lambda: change_order(**self.with_order(pick, change=change)))
        of_products = Counter({self.products[n]: count for n, count in lines.items()})
        assert call == outcome(lambda: self.shop.change(self.order_id(pick), of_products))

    @rule(pick=st.integers(0, 2), counted=st.sampled_from([0, 2, 8, 8, 12]))
    def count(self, pick: int, counted: int) -> None:
        """What can be sold may fall below zero by it."""
        count_stock(product_id=self.products[pick], counted=counted, actor="x")
        self.shop.count(self.products[pick], counted)

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        call = outcome(lambda: cancel_order(**self.with_order(pick)))
        assert call == outcome(lambda: self.shop.cancel(self.order_id(pick)))

    @precondition(lambda self: len(self.shop.orders) > 6)
    @rule(pick=picks)
    def ship(self, pick: int) -> None:
        call = outcome(lambda: ship_order(**self.with_order(pick)))
        assert call == outcome(lambda: self.shop.ship(self.order_id(pick)))

    @rule(pick=picks)
    def deliver(self, pick: int) -> None:
        call = outcome(lambda: deliver_order(**self.with_order(pick)))
        assert call == outcome(lambda: self.shop.deliver(self.order_id(pick)))

    @rule()
    def sweep(self) -> None:
        assert sweep_expired_holds(at=self.now) == self.shop.sweep(500)

    @invariant()
    def both_quantities_are_as_in_the_model(self) -> None:
        stock = Product.objects.values_list("pk", "stock_quantity")
        assert dict(stock) == dict(self.shop.stock)
        committed = Product.objects.values_list("pk", "committed_quantity")
        assert dict(committed) == dict(self.shop.committed)

    @invariant()
    def orders_are_as_in_the_model(self) -> None:
        orders = {
            order.pk: hold_model.Order(
                Counter({each.product_id: each.quantity for each in order.lines.all()}),
                self.seconds(order.created_at) or 0,
                self.seconds(order.held_until),
                order.status,
                order.canceled_because,
                order.version,
                int((order.paid or 0) / PRICE),
            )
            for order in Order.objects.with_lines()
        }
        assert orders == self.shop.orders

    @staticmethod
    def seconds(moment: datetime | None) -> int | None:
        return None if moment is None else int((moment - OPENED).total_seconds())

    @invariant()
    def who_needs_a_refund_has_paid_more_than_is_due(self) -> None:
        found = Order.objects.needing_refund().values_list("pk", flat=True)
        assert set(found) == self.overpaid().keys()

    @invariant()
    def books_balance(self) -> None:
        assert_books_balance()


@pytest.mark.django_db
def test_any_sequence_of_operations_on_held_orders() -> None:
    run_state_machine_as_test(
        Holds,
        settings=settings(max_examples=20, stateful_step_count=30, derandomize=True, database=None),
    )
    assert Holds.happened == HAPPENED

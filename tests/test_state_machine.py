"""After any sequence of operations the database equals the model, and the books balance."""

import json
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

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

from apps.orders.exceptions import OrdersError
from apps.orders.microservice_communication import client_id_for
from apps.orders.models import Order
from apps.orders.operations import (
    LineRequest,
    OrderChange,
    OrderRequest,
    change_order,
    move_order,
    order_request,
    place_orders,
)
from apps.orders.placing.requests import Charge, PlacedOrder
from apps.payments.operations import Money, record_payment, record_refund
from apps.products.models import Product
from apps.products.operations import (
    Adjustment,
    adjust_stock,
    change_stock,
    count_stock,
    create_product,
    update_product,
)
from monoservices.api.problems import Problem
from tests import shop_model
from tests.books import assert_books_balance
from tests.shop_model import MAX_STOCK, Charges, Draft, Refused, Sent, Shop

NOBODYS_ID = 2**62

# Mostly valid input, so that the invalid input meets existing products and orders.
picks = st.integers(0, 9)
prices = st.sampled_from(["0.00", "1.00", "1.00", "2.50", "99999999.99"])
stocks = st.sampled_from([0, 5, 20, 20, 50, MAX_STOCK])
counts = st.sampled_from([0, 1, 3, 5, 20, 50, MAX_STOCK])
reasons = st.sampled_from(["received", "corrected", "counted"])
offs = st.sampled_from([None, None, 0, 1])
deltas = st.sampled_from([-20, -1, 1, 7, 20, MAX_STOCK])
quantities = st.sampled_from([1, 2, 3] * 4 + [7, 0, -1, 1_000_000])
versions = st.sampled_from([None, 0, 0, 1])
keys = st.sampled_from([None, None, "a", "b"])
lines = st.lists(
    st.tuples(picks, quantities, st.sampled_from([None, None, None, "0.00", "1.50"])),
    min_size=1,
    max_size=3,
)
batches = st.lists(
    st.tuples(keys, lines, st.sampled_from([None] * 8 + ["1.00", "2.00"])), min_size=1, max_size=4
)
amounts = st.sampled_from([(), ("4.90",), ("0.00",), ("-1.00",), ("4.90", "-9.00"), ("1e12",)])
Picked = list[tuple[int, int, str | None]]


class Trade(RuleBasedStateMachine):
    """Call the operations and the model alike. Each run is one transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        self.count = 0
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.client_id = client_id_for(built_in="console")

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    def product_id(self, pick: int) -> int:
        """The id of a product. The last pick is a product that does not exist."""
        ids = list(self.shop.products)
        return NOBODYS_ID if pick == 9 else ids[pick % len(ids)]

    def sent(self, picked: Picked) -> Sent:
        return tuple(
            (self.product_id(pick), quantity, None if price is None else Decimal(price))
            for pick, quantity, price in picked
        )

    @initialize()
    def open(self) -> None:
        for stock in (5, 20, 50):
            self.create(price="1.00", stock=stock)
        self.place([("a", [(0, 2, None)], None), (None, [(1, 1, None), (2, 9, None)], "10.00")])

    @precondition(lambda self: len(self.shop.products) < 5)
    @rule(price=prices, stock=stocks)
    def create(self, price: str, stock: int) -> None:
        product = create_product(name="Mug", price=price, stock_quantity=stock)
        self.shop.products[product.pk] = shop_model.Product(Decimal(price), stock)

    @rule(pick=st.integers(0, 8))
    def create_with_a_sku_that_is_taken(self, pick: int) -> None:
        sku = Product.objects.get(pk=self.product_id(pick)).sku
        assert outcome(lambda: create_product(name="Mug", price="1.00", sku=sku)) == "sku_exists"

    @rule(
        pick=picks,
        price=prices,
        description=st.sampled_from(["", "Blue"]),
        stock=stocks,
        is_active=st.sampled_from([True, True, False]),
    )
    def update(self, pick: int, price: str, description: str, stock: int, is_active: bool) -> None:
        product_id = self.product_id(pick)
        call = outcome(
            lambda: update_product(
                product_id=product_id,
                price=price,
                description=description,
                stock_quantity=stock,
                is_active=is_active,
            )
        )
        changed = shop_model.Product(Decimal(price), stock, description, is_active)
        assert call == outcome(lambda: self.shop.update(product_id, changed))

    @rule(
        pick=picks,
        delta=deltas,
        reason=reasons.filter(lambda reason: reason != "counted"),
        off=offs,
        key=keys,
    )
    def change_stock(
        self, pick: int, delta: int, reason: str, off: int | None, key: str | None
    ) -> None:
        product_id, expected = self.product_id(pick), self.expected(pick, off)
        call = outcome(
            lambda: change_stock(
                product_id=product_id,
                delta=delta,
                reason=reason,
                actor="x",
                expected=expected,
                idempotency_key=key,
            )
        )
        assert call == outcome(
            lambda: self.shop.change_stock(product_id, reason, delta, expected, key)
        )

    @rule(pick=picks, counted=counts, off=offs, key=keys)
    def count_stock(self, pick: int, counted: int, off: int | None, key: str | None) -> None:
        product_id, expected = self.product_id(pick), self.expected(pick, off)
        call = outcome(
            lambda: count_stock(
                product_id=product_id,
                counted=counted,
                actor="x",
                expected=expected,
                idempotency_key=key,
            )
        )
        assert call == outcome(lambda: self.shop.count_stock(product_id, counted, expected, key))

    @rule(moves=st.lists(st.tuples(picks, reasons, deltas, offs), min_size=1, max_size=4))
    def adjust(self, moves: list[tuple[int, str, int, int | None]]) -> None:
        """Move and count many products at once, each with its own outcome."""
        sent = [
            (
                self.product_id(pick),
                reason,
                number if reason == "corrected" else abs(number),
                self.expected(pick, off),
            )
            for pick, reason, number, off in moves
        ]
        answer = json.loads(adjust_stock(adjustments=[*map(adjustment, sent)], actor="x").response)
        codes = [each.get("problem", {"code": "done"})["code"] for each in answer["results"]]
        assert codes == [outcome(partial(self.adjust_one, *each)) for each in sent]

    def adjust_one(self, product_id: int, reason: str, number: int, expected: int | None) -> None:
        if reason == "counted":
            self.shop.count_stock(product_id, number, expected, None)
        else:
            self.shop.change_stock(product_id, reason, number, expected, None)

    def expected(self, pick: int, off: int | None) -> int | None:
        """What the caller expects on hand: nothing in particular, the truth, or `off` by one."""
        product = self.shop.products.get(self.product_id(pick))
        return None if off is None or product is None else product.on_hand + off

    @rule(batch=batches)
    def place(self, batch: list[tuple[str | None, Picked, str | None]]) -> None:
        drafts: list[Draft] = []
        for key, picked, expected in batch:
            self.count += 1
            total = None if expected is None else Decimal(expected)
            drafts.append(Draft(key or f"own-{self.count}", self.sent(picked), total))
        self.place_all(drafts)

    @rule(key=keys, picked=lines, amounts=amounts)
    def place_with_charges(self, key: str | None, picked: Picked, amounts: tuple[str, ...]) -> None:
        self.count += 1
        charges = tuple(map(Decimal, amounts))
        draft = Draft(key or f"own-{self.count}", self.sent(picked), charges=charges)
        self.place_all([draft])

    @rule(pick=picks, quantity=st.integers(1, 9), buyers=st.integers(2, 6))
    def rush(self, pick: int, quantity: int, buyers: int) -> None:
        """Place several orders for the same product in one batch."""
        self.place([(None, [(pick, quantity, None)], None)] * buyers)

    @rule(picks=st.lists(picks, min_size=1, max_size=3))
    def place_again(self, picks: list[int]) -> None:
        drafts = list(self.shop.drafts.values())
        self.place_all([drafts[pick % len(drafts)] for pick in picks])

    def place_all(self, drafts: list[Draft]) -> None:
        outcomes = place_orders([self.request(draft) for draft in drafts])
        for draft, placed in zip(drafts, outcomes, strict=True):
            self.compare(draft, placed)

    def compare(self, draft: Draft, placed: PlacedOrder | OrdersError) -> None:
        lines, refusal = None, None
        try:
            lines = self.shop.place(draft)
        except Refused as refused:
            refusal = refused.code
        if isinstance(placed, OrdersError):
            assert placed.code == refusal
            return
        assert refusal is None
        assert placed.replayed == (lines is None)
        if lines is not None:
            self.shop.orders[placed.id] = shop_model.Order(
                lines, draft.key, response=placed.response, charges=draft.charges
            )
        assert self.shop.orders[placed.id].key == draft.key
        assert self.shop.orders[placed.id].response == placed.response

    def request(self, draft: Draft) -> OrderRequest:
        return order_request(
            client_id=self.client_id,
            actor="x",
            lines=line_requests(draft.lines),
            idempotency_key=draft.key,
            expected_total=draft.expected_total,
            charges=charge_requests(draft.charges),
        )

    @rule(pick=picks, picked=lines, back=versions)
    def change(self, pick: int, picked: Picked, back: int | None) -> None:
        order_id, version = self.order(pick, back)
        sent = self.sent(picked)
        change = OrderChange(lines=line_requests(sent))
        call = outcome(
            lambda: change_order(order_id=order_id, change=change, actor="x", version=version)
        )
        assert call == outcome(lambda: self.shop.change(order_id, sent, version))

    @rule(pick=picks, amounts=amounts, back=versions)
    def charge(self, pick: int, amounts: tuple[str, ...], back: int | None) -> None:
        order_id, version = self.order(pick, back)
        charges = tuple(map(Decimal, amounts))
        change = OrderChange(charges=charge_requests(charges))
        call = outcome(
            lambda: change_order(order_id=order_id, change=change, actor="x", version=version)
        )
        assert call == outcome(lambda: self.shop.charge(order_id, charges, version))

    @rule(pick=picks, status=st.sampled_from(Order.Status.values), back=versions)
    def move(self, pick: int, status: str, back: int | None) -> None:
        order_id, version = self.order(pick, back)
        call = outcome(
            lambda: move_order(order_id=order_id, status=status, actor="x", version=version)
        )
        assert call == outcome(lambda: self.shop.move(order_id, status, version))

    @rule(
        pick=picks,
        kind=st.sampled_from(["payment", "payment", "refund"]),
        amount=st.sampled_from(["0.01", "1.00", "2.50", "100.00"]),
        reference=st.integers(0, 5),
    )
    def pay(self, pick: int, kind: str, amount: str, reference: int) -> None:
        order_id, _ = self.order(pick, None)
        record = record_payment if kind == "payment" else record_refund
        money = Money(
            amount=Decimal(amount), method="card", provider="x", provider_reference=f"{reference}"
        )
        call = outcome(lambda: record(order_id=order_id, money=money, actor="x").replayed)
        assert call == outcome(lambda: self.shop.pay(kind, order_id, money.amount, reference))

    def order(self, pick: int, back: int | None) -> tuple[int, int | None]:
        """An order's id, and its version `back` changes ago."""
        order_id = list(self.shop.orders)[-1 - pick % len(self.shop.orders)]
        return order_id, None if back is None else self.shop.orders[order_id].version - back

    @invariant()
    def products_are_as_in_the_model(self) -> None:
        products = {
            row.pk: shop_model.Product(
                row.price,
                row.stock_quantity,
                row.description,
                row.is_active,
                row.committed_quantity,
            )
            for row in Product.objects.all()
        }
        assert products == self.shop.products

    @invariant()
    def orders_are_as_in_the_model(self) -> None:
        orders = {
            order.pk: shop_model.Order(
                {(row.product_id, row.unit_price): row.quantity for row in order.lines.all()},
                order.idempotency_key,
                order.status,
                order.version,
                order.first_answer,
                tuple(charge.amount for charge in order.charges.all()),
                order.paid,
            )
            for order in Order.objects.with_lines()
        }
        assert orders == self.shop.orders
        totals = dict(Order.objects.values_list("pk", "total"))
        assert totals == {pk: order.total for pk, order in self.shop.orders.items()}

    @invariant()
    def books_balance(self) -> None:
        assert_books_balance()


def adjustment(sent: tuple[int, str, int, int | None]) -> Adjustment:
    """A movement by so many, or a count of so many. sent: product id, reason, number, expected."""
    product_id, reason, number, expected = sent
    said: dict[str, Any] = {} if expected is None else {"expected": expected}
    if reason == "counted":
        return Adjustment(path="x", product_id=product_id, counted=number, **said)
    return Adjustment(path="x", product_id=product_id, delta=number, reason=reason, **said)


def charge_requests(charges: Charges) -> tuple[Charge, ...]:
    return tuple(Charge(type="fee", amount=amount) for amount in charges)


def line_requests(sent: Sent) -> tuple[LineRequest, ...]:
    return tuple(
        LineRequest(path=f"lines.{index}", product_id=product_id, quantity=count, unit_price=price)
        for index, (product_id, count, price) in enumerate(sent)
    )


def outcome(call: Callable[[], Any]) -> str:
    """Return "done", "replayed" where the call says so, or the code of the error that it raises."""
    try:
        result = call()
    except (Problem, Refused) as refusal:
        return refusal.code
    replayed = result[1] if isinstance(result, tuple) else result is True
    return "replayed" if replayed else "done"


@pytest.mark.django_db
def test_any_sequence_of_operations() -> None:
    run_state_machine_as_test(
        Trade,
        settings=settings(max_examples=20, stateful_step_count=30, derandomize=True, database=None),
    )

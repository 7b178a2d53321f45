"""After any sequence of shipments, deliveries, cancels and returns, answers and stock are as
reckoned, and the books balance."""

from decimal import Decimal
from typing import ClassVar

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.books import assert_books_balance
from tests.goods import Draft, Goods, Shipping
from tests.goods_model import GoodsBack, Name, Order, Sent, Units

STOCK = (6, 12, 40)

picks = st.integers(0, 3)
counts = st.sampled_from([1, 1, 2, 3])
prices = st.sampled_from([None, None, Decimal("1.00"), Decimal("2.50")])
requested = st.lists(st.tuples(st.integers(0, 2), counts, prices), min_size=1, max_size=4)
amounts = st.sampled_from([(), (), ("4.90",), ("-1.00",), ("4.90", "-9.00")])
# Mostly a line of the order by its id; -1 is a line that it does not have.
named = st.tuples(st.sampled_from([0, 1, 2, 3, -1]), st.booleans(), st.integers(1, 2))
several = st.lists(named, min_size=1, max_size=3)
some = st.one_of(st.none(), several, several)
keys = st.sampled_from(["a", "b", "c"])
actors = st.sampled_from(["x", "x", "y"])
versions = st.sampled_from([None, None, None, 0, 0, 1, 2])
credits_of_each = st.sampled_from([None, None, Decimal("0.00"), Decimal("1.50")])
came_back = st.lists(
    st.tuples(named, st.booleans(), credits_of_each),
    min_size=1,
    max_size=3,
)
HAPPENED = {
    *("cancel: invalid", "cancel: unknown_line", "cancel: version_conflict"),
    *("change: invalid", "change: quantity_exceeded", "change: out_of_stock"),
    *("take_back: unknown_line", "take_back: version_conflict", "take_back: credit_exceeds_due"),
    *("ship: not_confirmed", "ship: unchanged", "ship: idempotency_key_reused"),
    *("deliver: version_conflict", "confirm: illegal_transition", "take_back: replayed"),
}
"""Outcomes of operations that are seen in all runs together, beside the usual ones."""

Picked = list[tuple[int, int, Decimal | None]]
Some = list[tuple[int, bool, int]] | None


class Parcels(RuleBasedStateMachine):
    """Call the operations and the reckoning alike. Each run is one transaction."""

    happened: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.goods = Goods(STOCK)
        self.goods.happened = self.happened
        self.products = [*self.goods.shop.received]

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    def order_id(self, pick: int) -> int:
        return list(self.goods.shop.orders)[-1 - pick % len(self.goods.shop.orders)]

    def order(self, pick: int) -> Order:
        return self.goods.shop.orders[self.order_id(pick)]

    def version(self, pick: int, back: int | None) -> int | None:
        """The order's version `back` changes ago."""
        return None if back is None else self.order(pick).version - back

    def sent(self, picked: Picked) -> Sent:
        return tuple((self.products[pick], count, price) for pick, count, price in picked)

    def units(self, pick: int, picked: Some) -> Units | None:
        if picked is None:
            return None
        names: list[Name] = list(self.order(pick).lines)

        def asked(number: int, by_sku: bool) -> Name | int | None:
            name = names[number % len(names)]
            return None if number < 0 else name[0] if by_sku else name

        return tuple((asked(number, by_sku), count) for number, by_sku, count in picked)

    @initialize()
    def open(self) -> None:
        """Begin with what seldom comes by chance, then with orders that are on their way."""
        self.place([([(2, 1, None), (1, 2, Decimal("1.00"))], ("-6.00",), False)])
        self.cancel(0, [(0, False, 1)], None)
        self.change(0, [(1, 2, Decimal("1.00"))], None)
        self.change(0, [(0, 50, None)], None)
        self.cancel(0, [(-1, False, 1)], None)
        self.cancel(0, None, 1)
        self.cancel(0, None, None)
        self.confirm(0, None)
        self.place([([(2, 2, None)], (), False)])
        self.ship(0, None, "a", None, "x")
        self.ship(0, [(0, False, 1)], "a", None, "x")
        self.ship_whole(0, None)
        self.deliver(0, 1)
        self.take_back(0, [((0, False, 1), True, None)], "0.00", "a", 1, "x")
        too_much = ((0, False, 1), True, Decimal("10.01"))
        self.take_back(0, [too_much], "0.00", "a", None, "x")
        self.take_back(0, [((-1, False, 1), True, None)], "0.00", "a", None, "x")
        for key in ("a", "b"):  # one unit, and then the other one
            self.take_back(0, [((0, False, 1), True, None)], "0.00", key, None, "x")
        self.repeat(0, 1, 1)
        self.place([([(0, 2, None), (1, 3, None)], ("4.90",), False)])
        self.ship(0, [(0, False, 2), (1, False, 1)], "a", None, "x")
        self.change(0, [(1, 3, None)], None)
        self.place([([(2, 1, None), (2, 2, Decimal("1.00"))], (), True)])
        self.ship(0, None, "a", None, "x")

    @rule(batch=st.lists(st.tuples(requested, amounts, st.booleans()), min_size=1, max_size=3))
    def place(self, batch: list[tuple[Picked, tuple[str, ...], bool]]) -> None:
        drafts = [
            Draft(self.sent(picked), tuple(map(Decimal, charges)), is_held)
            for picked, charges, is_held in batch
        ]
        self.goods.place(drafts)

    @rule(pick=picks, picked=some, key=keys, back=versions, actor=actors)
    def ship(self, pick: int, picked: Some, key: str, back: int | None, actor: str) -> None:
        self.goods.ship(self.shipping(pick, picked, key, back, actor))

    @rule(batch=st.lists(st.tuples(picks, some, keys, versions, actors), min_size=2, max_size=5))
    def ship_together(self, batch: list[tuple[int, Some, str, int | None, str]]) -> None:
        """Several shipments in a batch, also of the same order and by the same key."""
        self.goods.ship(*(self.shipping(*each) for each in batch))

    @rule(pick=picks, back=versions)
    def ship_whole(self, pick: int, back: int | None) -> None:
        self.goods.ship(Shipping(self.order_id(pick), version=self.version(pick, back)))

    def shipping(self, pick: int, picked: Some, key: str, back: int | None, actor: str) -> Shipping:
        version = self.version(pick, back)
        return Shipping(self.order_id(pick), self.units(pick, picked), key, version, actor)

    @rule(pick=picks, number=st.integers(0, 9), back=versions)
    def repeat(self, pick: int, number: int, back: int | None) -> None:
        """Send what was done again, with any version: that is a replay."""
        order = self.order(pick)
        if not order.known:
            return
        (what, actor, key), (_, asked) = list(order.known.items())[number % len(order.known)]
        order_id, version = self.order_id(pick), self.version(pick, back)
        if what == "ship":
            said = self.goods.ship(Shipping(order_id, asked, key, version, actor))
            assert said == ["replayed"]
        else:
            assert self.goods.take_back(order_id, asked, key, version, actor) == "replayed"

    @rule(pick=picks, picked=some, back=versions)
    def cancel(self, pick: int, picked: Some, back: int | None) -> None:
        units = self.units(pick, picked)
        self.goods.cancel(self.order_id(pick), units, self.version(pick, back))

    @rule(pick=picks, number=st.integers(0, 9))
    def deliver_shipment(self, pick: int, number: int) -> None:
        if shipments := list(self.order(pick).shipments):
            shipment_id = shipments[number % len(shipments)]
            self.goods.deliver_shipment(self.order_id(pick), shipment_id)

    @rule(pick=picks, back=versions)
    def deliver(self, pick: int, back: int | None) -> None:
        self.goods.deliver(self.order_id(pick), self.version(pick, back))

    @rule(
        pick=picks,
        came=came_back,
        of_charges=st.sampled_from(["0.00", "0.00", "4.90"]),
        key=keys,
        back=versions,
        actor=actors,
    )
    def take_back(
        self,
        pick: int,
        came: list[tuple[tuple[int, bool, int], bool, Decimal | None]],
        of_charges: str,
        key: str,
        back: int | None,
        actor: str,
    ) -> None:
        units = self.units(pick, [each for each, _, _ in came]) or ()
        restock = tuple(restocked for _, restocked, _ in came)
        credited = tuple(credit for _, _, credit in came)
        goods = GoodsBack(units, restock, credited, Decimal(of_charges))
        self.goods.take_back(self.order_id(pick), goods, key, self.version(pick, back), actor)

    @rule(pick=picks, back=versions)
    def confirm(self, pick: int, back: int | None) -> None:
        self.goods.confirm(self.order_id(pick), self.version(pick, back))

    @rule(pick=picks, amount=st.sampled_from(["1.00", "5.00", "20.00"]), back=st.booleans())
    def pay(self, pick: int, amount: str, back: bool) -> None:
        self.goods.pay(self.order_id(pick), Decimal(amount), back=back)

    @rule(pick=picks, picked=requested, back=versions)
    def change(self, pick: int, picked: Picked, back: int | None) -> None:
        self.goods.change(self.order_id(pick), self.sent(picked), self.version(pick, back))

    @rule(pick=picks, spare=st.integers(0, 1), back=versions)
    def keep_what_has_gone(self, pick: int, spare: int, back: int | None) -> None:
        """Change the order to what is shipped or canceled of each line, or to one more."""
        lines = self.order(pick).lines.items()
        kept = [(name, line.quantity - line.open + spare) for name, line in lines]
        left = tuple((product, count, price) for (product, price), count in kept if count)
        if left:
            self.goods.change(self.order_id(pick), left, self.version(pick, back))

    @rule(pick=picks, charges=amounts, back=versions)
    def charge(self, pick: int, charges: tuple[str, ...], back: int | None) -> None:
        of_each = tuple(map(Decimal, charges))
        self.goods.charge(self.order_id(pick), of_each, self.version(pick, back))

    @invariant()
    def everything_is_as_reckoned(self) -> None:
        self.goods.check([*self.goods.shop.orders])
        self.goods.check_shipments()

    @invariant()
    def books_balance(self) -> None:
        assert_books_balance()


@pytest.mark.django_db
def test_any_sequence_of_operations_on_goods() -> None:
    run_state_machine_as_test(
        Parcels,
        settings=settings(max_examples=20, stateful_step_count=30, derandomize=True, database=None),
    )
    assert HAPPENED - Parcels.happened == set()

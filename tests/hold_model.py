"""A model of orders that are held and paid, in plain Python: stock, orders, money and the time.

Each method does what the operation with its name must do, or raises Refused and changes nothing.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.shop_model import Refused

MAX_HOLD = 2_592_000


@dataclass
class Order:
    """An order. Times are seconds since the shop opened. paid: in prices of a unit."""

    units: Counter[int]
    placed_at: int
    held_until: int | None
    status: str = "pending"
    because: str | None = None
    version: int = 1
    paid: int = 0

    @property
    def is_held(self) -> bool:
        return self.status == "pending" and self.held_until is not None


@dataclass
class Shop:
    """stock, committed: by product id. orders: by id.

    happened: what became of money and holds, for a test to see that its operations meet.
    """

    stock: Counter[int] = field(default_factory=Counter)
    committed: Counter[int] = field(default_factory=Counter)
    orders: dict[int, Order] = field(default_factory=dict)
    now: int = 0
    happened: set[str] = field(default_factory=set)

    def place(self, units: Counter[int], seconds: int | None, replaces: int | None) -> Order:
        replaced = None if replaces is None else self._replaced(replaces)
        ends = [(replaced, "requested")] if replaced else []
        missing = self.missing(units) - (replaced.units if replaced else Counter())
        for order in self.expired():
            if order is not replaced and missing & order.units:
                ends.append((order, "expired"))
                missing -= order.units
        if missing:
            raise Refused("out_of_stock")
        for order, because in ends:
            self._end(order, because)
        if replaced and replaced.paid:
            self.happened.add("replaced: paid")
        self._take(units)
        return Order(units, self.now, None if seconds is None else self.now + seconds)

    def confirm(self, order_id: int) -> None:
        order = self.orders[order_id]
        if order.is_held:
            order.held_until = None
        elif order.status != "canceled":
            return
        elif order.because != "expired":
            raise Refused("illegal_transition")
        elif self.missing(order.units):
            raise Refused("hold_expired")
        else:
            self._take(order.units)
            order.status, order.held_until, order.because = "pending", None, None
        order.version += 1

    def pay(self, order_id: int, amount: int) -> None:
        order = self.orders[order_id]
        order.paid += amount
        order.version += 1
        if order.paid < order.units.total():
            return
        before, after = "held" if order.is_held else order.because or "firm", "firm"
        try:
            self.confirm(order_id)
        except Refused as refused:  # the money is kept
            after = refused.code
        self.happened.add(f"paid: {before}, {after}")

    def refund(self, order_id: int, amount: int) -> None:
        order = self.orders[order_id]
        if order.paid < amount:
            raise Refused("refund_exceeds_paid")
        order.paid -= amount
        order.version += 1
        self.happened.add(f"refunded: {order.because or 'not canceled'}")

    def change(self, order_id: int, units: Counter[int]) -> None:
        order = self.orders[order_id]
        if order.status != "pending":
            raise Refused("illegal_transition")
        if self.missing(units - order.units):
            raise Refused("out_of_stock")
        self._put_back(order.units)
        self._take(units)
        order.units = units
        order.version += 1

    def count(self, product_id: int, counted: int) -> None:
        self.stock[product_id] = counted - self.committed[product_id]

    def extend(self, order_id: int, seconds: int) -> None:
        order = self.orders[order_id]
        if not order.is_held:
            raise Refused("illegal_transition")
        if self.now + seconds > order.placed_at + MAX_HOLD:
            raise Refused("invalid")
        order.held_until = self.now + seconds
        order.version += 1

    def cancel(self, order_id: int) -> None:
        order = self.orders[order_id]
        if order.status in ("shipped", "delivered"):
            raise Refused("illegal_transition")
        if order.status != "canceled":
            self._end(order, "requested")

    def ship(self, order_id: int) -> None:
        order = self.orders[order_id]
        if order.status == "shipped":
            return  # a retry
        if order.status != "pending":
            raise Refused("illegal_transition")
        if order.is_held:
            raise Refused("not_confirmed")
        self.committed.subtract(order.units)
        order.status = "shipped"
        order.version += 1

    def deliver(self, order_id: int) -> None:
        order = self.orders[order_id]
        if order.status == "delivered":
            return  # a retry
        if order.status != "shipped":
            raise Refused("illegal_transition")
        order.status = "delivered"
        order.version += 1

    def sweep(self, limit: int) -> int:
        oldest = sorted(self.expired(), key=lambda order: order.held_until or 0)[:limit]
        for order in oldest:
            self._end(order, "expired")
        return len(oldest)

    def expired(self) -> Iterator[Order]:
        """Held orders whose stock may be taken back, by id."""
        for _, order in sorted(self.orders.items()):
            if order.is_held and order.held_until is not None and order.held_until <= self.now:
                yield order

    def missing(self, units: Counter[int]) -> Counter[int]:
        """The units that are not free. Counts may have found less than nothing of a product."""
        return +Counter({key: count - self.stock[key] for key, count in units.items()})

    def _take(self, units: Counter[int]) -> None:
        self.stock.subtract(units)
        self.committed.update(units)

    def _put_back(self, units: Counter[int]) -> None:
        self.stock.update(units)
        self.committed.subtract(units)

    def _replaced(self, order_id: int) -> Order | None:
        order = self.orders.get(order_id)
        if order is None:
            raise Refused("invalid")
        if order.because == "expired":
            return None
        if not order.is_held:
            raise Refused("illegal_transition")
        return order

    def _end(self, order: Order, because: str) -> None:
        self._put_back(order.units)
        order.status, order.because = "canceled", because
        order.version += 1

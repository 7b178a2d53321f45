"""A model of a shop in plain Python: products, stock and orders after each operation.

Each method does what the operation with its name must do, or raises Refused and changes nothing.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

MAX_STOCK = 2**31 - 1
MAX_QUANTITY = 1_000_000
MAX_TOTAL = Decimal("999999999999.99")
NEXT = {
    "pending": {"shipped", "canceled"},
    "shipped": {"delivered"},
    "delivered": set(),
    "canceled": set(),
}

Sent = tuple[tuple[int, int, Decimal | None], ...]
"""Requested lines: product id, quantity, and unit price or None."""

Lines = dict[tuple[int, Decimal], int]
"""An order's lines: quantities by product id and unit price."""


Charges = tuple[Decimal, ...]
"""What an order costs beside its lines."""


class Refused(Exception):
    """code: the code of the error that the operation must raise."""

    def __init__(self, code: str) -> None:
        self.code = code


@dataclass
class Product:
    price: Decimal
    stock: int
    description: str = ""
    is_active: bool = True
    committed: int = 0

    @property
    def on_hand(self) -> int:
        return self.stock + self.committed


@dataclass
class Order:
    lines: Lines
    key: str
    status: str = "pending"
    version: int = 1
    response: str = ""
    charges: Charges = ()
    paid: Decimal | None = Decimal()

    @property
    def total(self) -> Decimal:
        return total(self.lines, self.charges)


@dataclass(frozen=True)
class Draft:
    """An order to place."""

    key: str
    lines: Sent
    expected_total: Decimal | None = None
    charges: Charges = ()

    def asks_for(self) -> tuple[Counter[tuple[int, str]], Decimal | None, Charges]:
        """Equal for two drafts that request the same."""
        merged: Counter[tuple[int, str]] = Counter()
        for product_id, quantity, price in self.lines:
            merged[product_id, str(price)] += quantity
        return merged, self.expected_total, self.charges


def total(lines: Lines, charges: Charges = ()) -> Decimal:
    of_lines = sum((price * quantity for (_, price), quantity in lines.items()), Decimal())
    return of_lines + sum(charges)


def refuse_total_out_of_bounds(lines: Lines, charges: Charges) -> None:
    if not 0 <= total(lines, charges) <= MAX_TOTAL:
        raise Refused("invalid")


def quantity_by_product(lines: Lines) -> Counter[int]:
    """The quantity of each product."""
    wanted: Counter[int] = Counter()
    for (product_id, _), quantity in lines.items():
        wanted[product_id] += quantity
    return wanted


@dataclass
class Shop:
    """moved: of each movement with a key, reason and amount, and what was on hand before.

    payments: order id and amount of each payment or refund, by kind and reference.
    """

    products: dict[int, Product] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    drafts: dict[str, Draft] = field(default_factory=dict)
    moved: dict[tuple[int, str], tuple[tuple[str, int], int]] = field(default_factory=dict)
    payments: dict[tuple[str, int], tuple[int, Decimal]] = field(default_factory=dict)

    def product(self, product_id: int) -> Product:
        if product_id not in self.products:
            raise Refused("not_found")
        return self.products[product_id]

    def update(self, product_id: int, changed: Product) -> None:
        committed = self.product(product_id).committed
        if changed.stock + committed > MAX_STOCK:
            raise Refused("invalid")
        self.products[product_id] = replace(changed, committed=committed)

    def change_stock(
        self, product_id: int, reason: str, delta: int, expected: int | None, key: str | None
    ) -> bool:
        """Return whether it was a replay."""
        if reason != "corrected" and delta < 0:
            raise Refused("invalid")
        product = self.product(product_id)
        if self._moved_before(product_id, key, (reason, delta), expected):
            return True
        self._expect(product, expected)
        if product.on_hand + delta < 0:
            raise Refused("out_of_stock")
        if product.on_hand + delta > MAX_STOCK:
            raise Refused("invalid")
        self._remember(product_id, key, (reason, delta))
        product.stock += delta
        return False

    def count_stock(
        self, product_id: int, counted: int, expected: int | None, key: str | None
    ) -> bool:
        """Return whether it was a replay."""
        product = self.product(product_id)
        if self._moved_before(product_id, key, ("counted", counted), expected):
            return True
        self._expect(product, expected)
        self._remember(product_id, key, ("counted", counted))
        product.stock = counted - product.committed
        return False

    def place(self, draft: Draft) -> Lines | None:
        """Return the order's lines, or None for a replay."""
        if before := self.drafts.get(draft.key):
            if before.asks_for() != draft.asks_for():
                raise Refused("idempotency_key_reused")
            return None
        lines = self._priced(draft.lines)
        refuse_total_out_of_bounds(lines, draft.charges)
        if draft.expected_total not in (None, total(lines, draft.charges)):
            raise Refused("price_changed")
        self._take(quantity_by_product(lines))
        self.drafts[draft.key] = draft
        return lines

    def change(self, order_id: int, sent: Sent, version: int | None) -> None:
        order = self._order(order_id, version)
        if order.status != "pending":
            raise Refused("illegal_transition")
        had = quantity_by_product(order.lines)
        prices: dict[int, Decimal] = {}
        for product_id, price in order.lines:
            prices.setdefault(product_id, price)
        lines = self._priced(sent, kept=prices, archived=had)
        wanted = quantity_by_product(lines)
        if any(wanted[each] > had[each] and not self.products[each].is_active for each in wanted):
            raise Refused("product_unavailable")
        refuse_total_out_of_bounds(lines, order.charges)
        self._take({each: wanted[each] - had[each] for each in wanted | had})
        # Lines that stay keep their price and their order.
        order.lines = {line: lines[line] for line in order.lines if line in lines} | lines
        order.version += 1

    def charge(self, order_id: int, charges: Charges, version: int | None) -> None:
        order = self._order(order_id, version)
        if order.status != "pending":
            raise Refused("illegal_transition")
        refuse_total_out_of_bounds(order.lines, charges)
        order.charges = charges
        order.version += 1

    def move(self, order_id: int, status: str, version: int | None) -> None:
        if self.orders[order_id].status == status:
            return  # a retry, whatever version it names
        order = self._order(order_id, version)
        if status not in NEXT[order.status]:
            raise Refused("illegal_transition")
        quantities = quantity_by_product(order.lines)
        if status == "canceled":
            self._take({each: -count for each, count in quantities.items()})
        if status == "shipped":
            for each, count in quantities.items():
                self.products[each].committed -= count
        order.status = status
        order.version += 1

    def pay(self, kind: str, order_id: int, amount: Decimal, reference: int) -> bool:
        """Return whether it was a replay."""
        if before := self.payments.get((kind, reference)):
            if before != (order_id, amount):
                raise Refused("payment_exists")
            return True
        order = self.orders[order_id]
        paid = (order.paid or 0) + (amount if kind == "payment" else -amount)
        if paid < 0:
            raise Refused("refund_exceeds_paid")
        order.paid = paid
        order.version += 1
        self.payments[kind, reference] = (order_id, amount)
        return False

    def _moved_before(
        self, product_id: int, key: str | None, move: tuple[str, int], expected: int | None
    ) -> bool:
        if key is None or (product_id, key) not in self.moved:
            return False
        known, on_hand = self.moved[product_id, key]
        if known != move or expected not in (None, on_hand):
            raise Refused("idempotency_key_reused")
        return True

    def _remember(self, product_id: int, key: str | None, move: tuple[str, int]) -> None:
        if key is not None:
            self.moved[product_id, key] = (move, self.products[product_id].on_hand)

    def _expect(self, product: Product, expected: int | None) -> None:
        if expected not in (None, product.on_hand):
            raise Refused("stock_changed")

    def _order(self, order_id: int, version: int | None) -> Order:
        order = self.orders[order_id]
        if version not in (None, order.version):
            raise Refused("version_conflict")
        return order

    def _priced(
        self,
        sent: Sent,
        *,
        kept: Mapping[int, Decimal] | None = None,
        archived: Collection[int] = (),
    ) -> Lines:
        lines: Lines = {}
        if any(product_id not in self.products for product_id, _, _ in sent):
            raise Refused("unknown_product")
        for product_id, quantity, price in sent:
            product = self.products[product_id]
            if not product.is_active and product_id not in archived:
                raise Refused("product_unavailable")
            own_price = (kept or {}).get(product_id, product.price)
            line = (product_id, own_price if price is None else price)
            lines[line] = lines.get(line, 0) + quantity
        if not all(1 <= quantity <= MAX_QUANTITY for quantity in lines.values()):
            raise Refused("invalid")
        if total(lines) > MAX_TOTAL:
            raise Refused("invalid")
        return lines

    def _take(self, wanted: Mapping[int, int]) -> None:
        if any(0 < count > self.products[each].stock for each, count in wanted.items()):
            raise Refused("out_of_stock")
        for product_id, count in wanted.items():
            self.products[product_id].stock -= count
            self.products[product_id].committed += count

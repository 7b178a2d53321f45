"""A reckoning of orders in plain Python: what is shipped, canceled, returned, paid and due of them.

It keeps what happened, and works out from that what every order and product must say. Each method
does what the operation with its name must do, or raises Refused and changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.shop_model import Refused

Name = tuple[int, Decimal]
"""A line of an order: its product and its price."""
Units = tuple[tuple[Name | int | None, int], ...]
"""Units of lines, each by the line, or by a product where its SKU is sent; None is no line."""
Sent = tuple[tuple[int, int, Decimal | None], ...]
"""Requested lines: product, quantity, and unit price or None."""


@dataclass(frozen=True)
class GoodsBack:
    """Units that come back. restock, credits: of each of the units."""

    units: Units
    restock: tuple[bool, ...]
    credits: tuple[Decimal | None, ...]
    charges_credit: Decimal = Decimal("0.00")


@dataclass
class Line:
    quantity: int
    shipped: int = 0
    canceled: int = 0
    returned: int = 0

    @property
    def open(self) -> int:
        return self.quantity - self.shipped - self.canceled

    @property
    def out(self) -> int:
        return self.shipped - self.returned


@dataclass
class Order:
    """An order. shipments: whether each has arrived, by id. known: ids and requests by key.

    closed: the version at which its rest was canceled; 0 without one.
    """

    lines: dict[Name, Line]
    charges: tuple[Decimal, ...] = ()
    is_held: bool = False
    is_canceled: bool = False
    paid: Decimal = Decimal()
    credited: Decimal = Decimal()
    version: int = 1
    closed: int = 0
    shipments: dict[int, bool] = field(default_factory=dict)
    known: dict[tuple[str, str, str], tuple[int, Any]] = field(default_factory=dict)

    @property
    def status(self) -> str:
        if self.is_canceled:
            return "canceled"
        if any(line.open for line in self.lines.values()):
            return "pending"
        return "delivered" if all(self.shipments.values()) else "shipped"

    @property
    def was_shipped(self) -> bool:
        return any(line.shipped for line in self.lines.values())

    @property
    def total(self) -> Decimal:
        return total(self.lines, self.charges)

    def says(self) -> dict[str, Any]:
        """Everything that the order must say."""
        due = Decimal() if self.is_canceled else self.total - self.credited
        status = "partly_paid" if self.paid else "unpaid"
        if self.paid > due:
            status = "overpaid"
        elif self.paid == due and not self.is_canceled:
            status = "paid"
        return {
            "status": self.status,
            "version": self.version,
            "total": self.total,
            "credited": self.credited,
            "paid": self.paid,
            "due": due,
            "payment_status": status,
            "needs_refund": self.paid > due,
            "canceled_because": "requested" if self.is_canceled else None,
            "is_held": self.is_held and self.status == "pending",
            "partly_shipped": self.status == "pending" and self.was_shipped,
            "lines": {name: self._line_says(line) for name, line in self.lines.items()},
        }

    def _line_says(self, line: Line) -> tuple[int, int, int, int]:
        canceled = line.quantity if self.is_canceled else line.canceled
        return line.quantity, line.shipped, canceled, line.returned


@dataclass
class Shop:
    """received, prices: of products. restocked: what came back to be sold again."""

    received: dict[int, int] = field(default_factory=dict)
    prices: dict[int, Decimal] = field(default_factory=dict)
    restocked: Counter[int] = field(default_factory=Counter)
    orders: dict[int, Order] = field(default_factory=dict)

    def stock(self) -> dict[int, tuple[int, int]]:
        """Units to sell, and committed, of each product."""
        kept, promised = Counter[int](), Counter[int]()
        for order in self.orders.values():
            if not order.is_canceled:
                for (product, _), line in order.lines.items():
                    kept[product] += line.quantity - line.canceled
                    promised[product] += line.open
        return {
            product: (units - kept[product] + self.restocked[product], promised[product])
            for product, units in self.received.items()
        }

    def place(self, sent: Sent, charges: tuple[Decimal, ...], is_held: bool) -> Order:
        lines = self._merged(sent, {})
        refuse_total(total(lines, charges), Decimal())
        self._refuse_missing(by_product(lines))
        return Order(lines, charges, is_held)

    def ship(
        self, order: Order, units: Units | None, key: str | None, version: int | None, actor: str
    ) -> int | None:
        """Return the id of the shipment that the same request has made, or None."""
        if key and (before := known(order, ("ship", actor, key), units)):
            return before
        if key is None and order.status == "shipped":
            return 0
        refuse_version(order, version)
        refuse_status(order)
        if order.is_held:
            raise Refused("not_confirmed")
        for line, count in chosen(order, units, lambda line: line.open):
            line.shipped += count
        order.version += 1
        return None

    def cancel(self, order: Order, units: Units | None, version: int | None) -> None:
        if units is None and (order.is_canceled or order.closed == order.version):
            return
        refuse_version(order, version)
        refuse_status(order)
        some = chosen(order, units, lambda line: line.open)
        left = sum(line.open for line in order.lines.values()) - sum(count for _, count in some)
        if left == 0 and not order.was_shipped:
            order.is_canceled = True
        else:
            less = sum(
                (
                    price * count
                    for (_, price), line in order.lines.items()
                    for one, count in some
                    if one is line
                ),
                start=Decimal(),
            )
            refuse_total(order.total - less, order.credited)
            for line, count in some:
                line.canceled += count
        order.version += 1
        order.closed = order.version if left == 0 else 0

    def deliver_shipment(self, order: Order, shipment: int) -> None:
        if not order.shipments[shipment]:
            order.shipments[shipment] = True
            order.version += 1

    def deliver(self, order: Order, version: int | None) -> None:
        if order.status == "delivered":
            return
        refuse_version(order, version)
        if order.status != "shipped":
            raise Refused("illegal_transition")
        order.shipments = dict.fromkeys(order.shipments, True)
        order.version += 1

    def take_back(
        self, order: Order, back: GoodsBack, key: str, version: int | None, actor: str
    ) -> int | None:
        """Return the id of the return that the same request has made, or None."""
        if before := known(order, ("return", actor, key), back):
            return before
        refuse_version(order, version)
        some = chosen(order, back.units, lambda line: line.out)
        left = order.total - order.credited - back.charges_credit
        left -= sum((credit or 0 for credit in back.credits), start=Decimal())
        if left < 0:
            raise Refused("credit_exceeds_due")
        credited = order.total - order.credited - left
        for (name, count), restock, credit in zip(
            back.units, back.restock, back.credits, strict=True
        ):
            product, price = find(order, name)
            if credit is None:
                of_price = min(price * count, left)
                left, credited = left - of_price, credited + of_price
            self.restocked[product] += count if restock else 0
        for line, count in some:
            line.returned += count
        order.credited += credited
        order.version += 1
        return None

    def confirm(self, order: Order, version: int | None) -> None:
        if order.is_canceled:
            refuse_version(order, version)
            raise Refused("illegal_transition")
        if order.is_held:
            refuse_version(order, version)
            order.is_held = False
            order.version += 1

    def pay(self, order: Order, amount: Decimal) -> None:
        order.paid += amount
        order.version += 1
        if order.is_held and not order.is_canceled and order.paid >= order.total - order.credited:
            order.is_held = False
            order.version += 1

    def refund(self, order: Order, amount: Decimal) -> None:
        if amount > order.paid:
            raise Refused("refund_exceeds_paid")
        order.paid -= amount
        order.version += 1

    def change(self, order: Order, sent: Sent, version: int | None) -> None:
        refuse_version(order, version)
        refuse_status(order)
        prices: dict[int, Decimal] = {}
        for product, price in order.lines:
            prices.setdefault(product, price)
        wanted = self._merged(sent, prices)
        for name, line in order.lines.items():
            if line.quantity - line.open > (wanted[name].quantity if name in wanted else 0):
                raise Refused("quantity_exceeded")
            if name in wanted:
                had = line.shipped, line.canceled, line.returned
                wanted[name] = Line(wanted[name].quantity, *had)
        refuse_total(total(wanted, order.charges), order.credited)
        self._refuse_missing(by_product(wanted) - by_product(order.lines))
        if not any(line.open or line.shipped for line in wanted.values()):
            raise Refused("invalid")
        order.lines = {name: wanted[name] for name in order.lines if name in wanted} | wanted
        order.version += 1

    def charge(self, order: Order, charges: tuple[Decimal, ...], version: int | None) -> None:
        refuse_version(order, version)
        refuse_status(order)
        refuse_total(total(order.lines, charges), order.credited)
        order.charges = charges
        order.version += 1

    def _merged(self, sent: Sent, kept: dict[int, Decimal]) -> dict[Name, Line]:
        lines: dict[Name, Line] = {}
        for product, quantity, price in sent:
            own = kept.get(product, self.prices[product]) if price is None else price
            lines.setdefault((product, own), Line(0)).quantity += quantity
        return lines

    def _refuse_missing(self, wanted: Counter[int]) -> None:
        stock = self.stock()
        if any(units > stock[product][0] for product, units in wanted.items() if units > 0):
            raise Refused("out_of_stock")


def total(lines: dict[Name, Line], charges: Iterable[Decimal]) -> Decimal:
    kept = (price * (line.quantity - line.canceled) for (_, price), line in lines.items())
    return sum(kept, start=Decimal()) + sum(charges)


def by_product(lines: dict[Name, Line]) -> Counter[int]:
    units: Counter[int] = Counter()
    for (product, _), line in lines.items():
        units[product] += line.quantity
    return units


def find(order: Order, asked: Name | int | None) -> Name:
    """The line that is asked for."""
    named = [name for name in order.lines if asked in (name, name[0])]
    if len(named) != 1:
        raise Refused("unknown_line")
    return named[0]


def chosen(
    order: Order, units: Units | None, there: Callable[[Line], int]
) -> list[tuple[Line, int]]:
    """Lines and how many units of each; everything that is there where `units` is None."""
    if units is None:
        return [(line, there(line)) for line in order.lines.values() if there(line)]
    sums: Counter[Name] = Counter()
    for asked, count in units:
        sums[find(order, asked)] += count
    if any(count > there(order.lines[name]) for name, count in sums.items()):
        raise Refused("quantity_exceeded")
    return [(order.lines[name], count) for name, count in sums.items()]


def known(order: Order, key: tuple[str, str, str], asked: Any) -> int | None:
    """The id of what the same request has made. Refuses another request with its key."""
    before = order.known.get(key)
    if before is None:
        return None
    if before[1] != asked:
        raise Refused("idempotency_key_reused")
    return before[0]


def refuse_version(order: Order, version: int | None) -> None:
    if version not in (None, order.version):
        raise Refused("version_conflict")


def refuse_status(order: Order) -> None:
    if order.status != "pending":
        raise Refused("illegal_transition")


def refuse_total(amount: Decimal, credited: Decimal) -> None:
    if amount < credited:
        raise Refused("invalid")

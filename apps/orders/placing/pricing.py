"""From requested lines to priced ones, and what remains in stock."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from apps.orders.exceptions import (
    InvalidOrder,
    OutOfStock,
    PriceChanged,
    ProductUnavailable,
    UnknownProduct,
)
from apps.orders.placing.requests import Charge, LineRequest
from apps.orders.placing.rules import MAX_QUANTITY, MAX_TOTAL, NOTHING
from apps.orders.placing.snapshots import ProductSnapshot
from monoservices.api.problems import Errors


class PricedLine(Struct):
    """A line as it is stored: requested lines of one product at one price become one line.

    unit_price: in the shop's currency. request: the first of the requested lines.
    tax_rate, tax_amount: as those of a LineRequest.
    """

    product: ProductSnapshot
    unit_price: Decimal
    quantity: int
    request: LineRequest
    tax_rate: Decimal | None
    tax_amount: Decimal | None

    @property
    def product_id(self) -> int:
        return self.product.id

    def add(self, line: LineRequest) -> Errors:
        """Take in another requested line of this product and price. Returns what is wrong with it.

        Amounts of tax add up, and a line has one tax rate.
        """
        self.quantity += line.quantity
        if line.tax_rate != self.tax_rate:
            message = "Lines of one product and price need the same tax rate."
            return {line.field("tax_rate"): [message]}
        if line.tax_amount is not None:
            self.tax_amount = (self.tax_amount or 0) + line.tax_amount
            if self.tax_amount > MAX_TOTAL:
                message = f"Lines of one product and price have more than {MAX_TOTAL} of tax."
                return {line.field("tax_amount"): [message]}
        return {}


class Line(Protocol):
    """A line that was priced, or one that is stored."""

    @property
    def product_id(self) -> int: ...

    @property
    def quantity(self) -> int: ...


class ProductBook:
    """Products by id and by SKU, and how many remain of each while orders are decided."""

    def __init__(self, products: Iterable[ProductSnapshot]) -> None:
        self.by_id = {product.id: product for product in products}
        self.by_sku = {product.sku: product for product in self.by_id.values()}
        self.remaining = {product.id: product.stock_quantity for product in self.by_id.values()}

    def find(self, line: LineRequest) -> ProductSnapshot | None:
        """The product that the line names."""
        if line.sku is not None:
            return self.by_sku.get(line.sku)
        return self.by_id.get(line.product_id or 0)

    def missing(self, quantities: Mapping[int, int]) -> dict[int, int]:
        """How many more units are needed than remain, by product id."""
        remaining = self.remaining
        return {key: more for key, n in quantities.items() if (more := n - remaining[key]) > 0}

    def put_back(self, quantities: Mapping[int, int]) -> None:
        """Add quantities, by product id, to what remains."""
        for product_id, quantity in quantities.items():
            self.remaining[product_id] += quantity

    def take(self, quantities: Mapping[int, int], lines: Collection[PricedLine] = ()) -> None:
        """Take quantities, by product id, from what remains; a negative one is put back.

        lines: the lines that ask for them, which the errors name.
        Raises OutOfStock, and then takes nothing.
        """
        short = set()
        for product_id, quantity in quantities.items():
            # What is put back is taken, also where less than nothing can be sold.
            if 0 < quantity > self.remaining[product_id]:
                short.add(product_id)
        if short:
            refusal = OutOfStock(
                errors={
                    line.request.field("quantity"): [
                        f"There are {max(0, self.remaining[line.product_id])} in stock."
                    ]
                    for line in lines
                    if line.product_id in short
                }
            )
            refusal.product_ids = frozenset(short)
            raise refusal
        for product_id, quantity in quantities.items():
            self.remaining[product_id] -= quantity


def price_lines(
    lines: Iterable[LineRequest], book: ProductBook, *, archived: Collection[int] = ()
) -> list[PricedLine]:
    """Find each line's product and price, and merge lines of the same product and price.

    archived: ids of products that may be ordered although they are no longer sold.
    Raises UnknownProduct, ProductUnavailable, or InvalidOrder where a quantity is out of bounds or
    taxes do not fit; each error names every line it concerns.
    """
    unknown: Errors = {}
    unavailable: Errors = {}
    invalid: Errors = {}
    merged: dict[tuple[int, Decimal], PricedLine] = {}
    for line in lines:
        product = book.find(line)
        if product is None:
            unknown[line.product_field] = ["There is no such product."]
            continue
        if not product.is_active and product.id not in archived:
            unavailable[line.product_field] = [f"{product.sku} is no longer sold."]
        price = product.price if line.unit_price is None else line.unit_price
        same = merged.get((product.id, price))
        if same is None:
            merged[product.id, price] = PricedLine(
                product, price, line.quantity, line, line.tax_rate, line.tax_amount
            )
        else:
            invalid |= same.add(line)
    if unknown:
        raise UnknownProduct(errors=unknown)
    if unavailable:
        raise ProductUnavailable(errors=unavailable)
    priced = list(merged.values())
    if wrong := [line for line in priced if not 1 <= line.quantity <= MAX_QUANTITY]:
        message = f"Expected 1 to {MAX_QUANTITY} of one product."
        invalid |= {line.request.field("quantity"): [message] for line in wrong}
    if invalid:
        raise InvalidOrder(errors=invalid)
    return priced


def total_of(
    lines: Iterable[PricedLine],
    *,
    charged: Decimal | None,
    expected: Decimal | None,
    canceled: Decimal = NOTHING,
    credited: Decimal = NOTHING,
) -> Decimal:
    """What the lines and the charges cost together.

    charged: the sum of the charges; None where there are none. canceled: the price of the units
    that are canceled. credited: what the order costs at least, because it was credited.
    Raises InvalidOrder where that is less or more than an order may cost, and PriceChanged where
    it is not what the client expected.
    """
    of_lines = sum((line.unit_price * line.quantity for line in lines), start=-canceled)
    if of_lines > MAX_TOTAL:
        raise InvalidOrder(errors={"lines": [f"The order costs more than {MAX_TOTAL}."]})
    return total_with(of_lines, charged=charged, expected=expected, credited=credited)


def total_with(
    of_lines: Decimal,
    *,
    charged: Decimal | None,
    expected: Decimal | None,
    credited: Decimal = NOTHING,
) -> Decimal:
    """What an order costs whose lines cost `of_lines`; see `total_of`."""
    total = of_lines if charged is None else of_lines + charged
    if not 0 <= total <= MAX_TOTAL:
        message = f"With its charges, the order costs {total}. Expected 0 to {MAX_TOTAL}."
        raise InvalidOrder(errors={"charges": [message]})
    if total < credited:
        message = f"The order would cost {total}, but {credited} was credited for returns."
        raise InvalidOrder(message)
    if expected not in (None, total):
        raise PriceChanged(errors={"expected_total": [f"The order costs {total}."]})
    return total


def charged_by(charges: Sequence[Charge]) -> Decimal | None:
    """The sum of charges; None where there are none."""
    return sum((charge.amount for charge in charges), start=NOTHING) if charges else None


def quantity_by_product(lines: Iterable[Line]) -> dict[int, int]:
    """How many of each product the lines have, by its id."""
    quantities: dict[int, int] = {}
    for line in lines:
        product_id = line.product_id
        quantities[product_id] = quantities.get(product_id, 0) + line.quantity
    return quantities

"""From requested lines to priced ones, and what remains in stock."""

from collections.abc import Collection, Iterable, Mapping
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
from apps.orders.placing.requests import LineRequest
from apps.orders.placing.rules import MAX_QUANTITY, MAX_TOTAL
from apps.orders.placing.snapshots import ProductSnapshot
from monoservices.api.problems import Errors


class PricedLine(Struct):
    """A line as it is stored: requested lines of one product at one price become one line.

    unit_price: in the shop's currency. request: the first of the requested lines.
    """

    product: ProductSnapshot
    unit_price: Decimal
    quantity: int
    request: LineRequest

    @property
    def product_id(self) -> int:
        return self.product.id


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
            raise OutOfStock(
                errors={
                    line.request.field("quantity"): [
                        f"There are {max(0, self.remaining[line.product_id])} in stock."
                    ]
                    for line in lines
                    if line.product_id in short
                }
            )
        for product_id, quantity in quantities.items():
            self.remaining[product_id] -= quantity


def price_lines(
    lines: Iterable[LineRequest], book: ProductBook, *, archived: Collection[int] = ()
) -> list[PricedLine]:
    """Find each line's product and price, and merge lines of the same product and price.

    archived: ids of products that may be ordered although they are no longer sold.
    Raises UnknownProduct, ProductUnavailable, or InvalidOrder where a quantity is out of bounds;
    each error names every line it concerns.
    """
    unknown: Errors = {}
    unavailable: Errors = {}
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
            merged[product.id, price] = PricedLine(product, price, line.quantity, line)
        else:
            same.quantity += line.quantity
    if unknown:
        raise UnknownProduct(errors=unknown)
    if unavailable:
        raise ProductUnavailable(errors=unavailable)
    priced = list(merged.values())
    if wrong := [line for line in priced if not 1 <= line.quantity <= MAX_QUANTITY]:
        message = f"Expected 1 to {MAX_QUANTITY} of one product."
        raise InvalidOrder(errors={line.request.field("quantity"): [message] for line in wrong})
    return priced


def total_of(lines: Iterable[PricedLine], *, expected: Decimal | None) -> Decimal:
    """What the lines cost together.

    Raises InvalidOrder where that is more than an order may cost, and PriceChanged where it is
    not what the client expected.
    """
    total = sum((line.unit_price * line.quantity for line in lines), start=Decimal("0.00"))
    if total > MAX_TOTAL:
        raise InvalidOrder(errors={"lines": [f"The order costs more than {MAX_TOTAL}."]})
    refuse_other_total(total, expected)
    return total


def refuse_other_total(total: Decimal, expected: Decimal | None) -> None:
    """Raise PriceChanged where a client expected another total."""
    if expected not in (None, total):
        raise PriceChanged(errors={"expected_total": [f"The order costs {total}."]})


def quantity_by_product(lines: Iterable[Line]) -> dict[int, int]:
    """How many of each product the lines have, by its id."""
    quantities: dict[int, int] = {}
    for line in lines:
        product_id = line.product_id
        quantities[product_id] = quantities.get(product_id, 0) + line.quantity
    return quantities

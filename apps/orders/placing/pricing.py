"""From requested lines to priced ones."""

from collections.abc import Collection, Iterable
from decimal import Decimal

from msgspec import Struct

from apps.orders.exceptions import InvalidOrder, ProductUnavailable, UnknownProduct
from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import MAX_QUANTITY, MAX_TOTAL
from apps.orders.placing.requests import LineRequest
from monoservices.api.problems import Errors


class PricedLine(Struct):
    """A line as it is stored: requested lines of one product at one price are one line.

    unit_price: in the shop's currency. request: the first of the requested lines.
    """

    product: ProductSnapshot
    unit_price: Decimal
    quantity: int
    request: LineRequest


class ProductBook:
    """Products by id and by SKU, and what is left of each while orders are decided."""

    def __init__(self, products: Iterable[ProductSnapshot]) -> None:
        self.by_id = {product.id: product for product in products}
        self.by_sku = {product.sku: product for product in self.by_id.values()}
        self.left = {product.id: product.stock_quantity for product in self.by_id.values()}

    def find(self, line: LineRequest) -> ProductSnapshot | None:
        """The product that the line names."""
        if line.sku is not None:
            return self.by_sku.get(line.sku)
        return self.by_id.get(line.product_id or 0)


def price_lines(
    lines: Iterable[LineRequest], book: ProductBook, *, archived: Collection[int] = ()
) -> list[PricedLine]:
    """Find each line's product and price, and merge lines of the same product and price.

    archived: ids of products that may be ordered although they are not sold any more.
    Raises UnknownProduct, ProductUnavailable, or InvalidOrder for a quantity out of its bounds,
    each with every line it concerns.
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
            unavailable[line.product_field] = [f"{product.sku} is not sold any more."]
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
    refuse_quantities(priced)
    return priced


def refuse_quantities(lines: Iterable[PricedLine]) -> None:
    """Raise InvalidOrder where merged lines ask for nothing, or for more than a line can hold."""
    if errors := {
        line.request.field("quantity"): [f"Expected 1 to {MAX_QUANTITY} of one product."]
        for line in lines
        if not 1 <= line.quantity <= MAX_QUANTITY
    }:
        raise InvalidOrder(errors=errors)


def total_of(lines: Iterable[PricedLine]) -> Decimal:
    """What the lines cost together. Raises InvalidOrder where it is beyond what is stored."""
    total = sum((line.unit_price * line.quantity for line in lines), start=Decimal("0.00"))
    if total > MAX_TOTAL:
        raise InvalidOrder(errors={"lines": [f"The order costs more than {MAX_TOTAL}."]})
    return total


def units(lines: Iterable[PricedLine]) -> dict[int, int]:
    """How many of each product, by its id."""
    wanted: dict[int, int] = {}
    for line in lines:
        wanted[line.product.id] = wanted.get(line.product.id, 0) + line.quantity
    return wanted

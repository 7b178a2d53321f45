"""Which orders of a batch are accepted: a pure function, without a database or a clock."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from apps.orders.exceptions import (
    IdempotencyKeyReused,
    OrdersError,
    OutOfStock,
    PriceChanged,
    ProductHeld,
)
from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.placing.pricing import PricedLine, ProductBook, price_lines, total_of, units
from apps.orders.placing.requests import Key, OrderRequest


class KnownOrder(Struct, frozen=True):
    """An order that was placed before, under a key that comes again."""

    id: int
    fingerprint: str
    first_answer: str


class Accepted(Struct, frozen=True):
    """An order to write. total: in the shop's currency."""

    request: OrderRequest
    lines: list[PricedLine]
    total: Decimal


class Repeated(Struct, frozen=True):
    """The request at `position` in the same batch came once more."""

    position: int


Decision = Accepted | Repeated | KnownOrder | OrdersError


def decide(
    requests: Sequence[OrderRequest],
    products: Iterable[ProductSnapshot],
    known: Mapping[Key, KnownOrder],
) -> list[Decision]:
    """Decide each request alone, in the order of arrival; return the decisions in that order.

    products: those that the requests name, as far as they exist. known: orders that were placed
    with the requests' keys. What is accepted is gone from the stock that later requests see; what
    is refused leaves nothing behind, and is a value here, so that it never spoils its neighbours.
    """
    book = ProductBook(products)
    placed: dict[Key, int] = {}
    decisions: list[Decision] = []
    for position, request in enumerate(requests):
        try:
            if before := known.get(request.key):
                _refuse_another(request, before.fingerprint)
                decisions.append(before)
            elif (first := placed.get(request.key)) is not None:
                _refuse_another(request, requests[first].fingerprint)
                decisions.append(Repeated(first))
            else:
                decisions.append(_accept(request, book))
                placed[request.key] = position
        except OrdersError as refusal:
            decisions.append(refusal)
    return decisions


def _refuse_another(request: OrderRequest, fingerprint: str) -> None:
    if request.fingerprint != fingerprint:
        raise IdempotencyKeyReused


def _accept(request: OrderRequest, book: ProductBook) -> Accepted:
    lines = price_lines(request.lines, book)
    if any(line.product.is_held for line in lines):
        raise ProductHeld
    total = total_of(lines)
    if request.expected_total not in (None, total):
        raise PriceChanged(errors={"expected_total": [f"The order costs {total}."]})
    wanted = units(lines)
    if short := {
        line.request.field("quantity"): [f"There are {book.left[line.product.id]} in stock."]
        for line in lines
        if wanted[line.product.id] > book.left[line.product.id]
    }:
        raise OutOfStock(errors=short)
    for product_id, quantity in wanted.items():
        book.left[product_id] -= quantity
    return Accepted(request, lines, total)

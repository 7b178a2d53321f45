"""Which orders of a batch are accepted: a pure function, without a database or a clock."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from apps.orders.exceptions import IdempotencyKeyReused, OrdersError, ProductHeld
from apps.orders.placing.holds import Hold, HoldBook
from apps.orders.placing.pricing import (
    PricedLine,
    ProductBook,
    charged_by,
    price_lines,
    quantity_by_product,
    total_of,
)
from apps.orders.placing.requests import Key, OrderRequest
from apps.orders.placing.snapshots import ProductSnapshot


class KnownOrder(Struct, frozen=True):
    """An order that was placed before, and whose key comes again."""

    id: int
    fingerprint: str
    first_response: str


class Accepted(Struct, frozen=True):
    """An order to write. total: in the shop's currency. quantities: by product id.

    charged: the sum of the request's charges; None where there are none.
    ends: the holds whose units it gets, and why each of them is canceled.
    """

    request: OrderRequest
    lines: list[PricedLine]
    total: Decimal
    quantities: dict[int, int]
    charged: Decimal | None = None
    ends: list[tuple[Hold, str]] = []


class Repeated(Struct, frozen=True):
    """A request that came before in the same batch, at `position`."""

    position: int


Decision = Accepted | Repeated | KnownOrder | OrdersError


def decide(
    requests: Sequence[OrderRequest],
    products: Iterable[ProductSnapshot],
    known: Mapping[Key, KnownOrder],
    holds: HoldBook | None = None,
) -> list[Decision]:
    """Decide each request alone, in the order of arrival; return the decisions in that order.

    products: those that the requests name, as far as they exist. known: the orders that were
    placed with the requests' keys. holds: that may be taken back or replaced. Later requests see
    the stock that accepted requests leave. A refusal is returned rather than raised, so that it
    never affects other requests.
    """
    book = ProductBook(products)
    holds = holds or HoldBook()
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
                decisions.append(_accept(request, book, holds))
                placed[request.key] = position
        except OrdersError as refusal:
            decisions.append(refusal)
    return decisions


def _refuse_another(request: OrderRequest, fingerprint: str) -> None:
    if request.fingerprint != fingerprint:
        raise IdempotencyKeyReused


def _accept(request: OrderRequest, book: ProductBook, holds: HoldBook) -> Accepted:
    lines = price_lines(request.lines, book)
    replaced = holds.replaced_by(request)
    if any(line.product.is_held for line in lines):
        raise ProductHeld
    charged = charged_by(request.charges)
    total = total_of(lines, charged=charged, expected=request.expected_total)
    quantities = quantity_by_product(lines)
    ends = holds.take(quantities, lines, book, replaced)
    return Accepted(request, lines, total, quantities, charged, ends)

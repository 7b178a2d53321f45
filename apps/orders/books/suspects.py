"""Finds the orders that may be wrong, in a few statements over all rows.

Looking at each order would take thousands of statements for a million orders. These statements
return what is off, or may be; the audit then looks at that alone, and decides.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial, reduce
from heapq import merge
from itertools import groupby
from operator import itemgetter, or_

from django.db.models import Exists, F, OuterRef, Q, Sum, Value, Window
from django.db.models.functions import Lag, Lead, RowNumber
from msgspec import Struct

from apps.orders.microservice_communication import sum_all_movements
from apps.orders.models import Order, OrderEvent
from apps.orders.placing.rules import EVENTS

PREFIX = "order:"
MAX_DIGITS = 18
"""Of an id: so many fit the column."""
CHUNK_SIZE = 10_000
"""How many rows are fetched at once."""
HALF_A_CENT = Decimal("0.005")

Units = tuple[tuple[int, str], int, int]
"""((length of a reference, the reference), id of a product, units). Rows with the same reference
and product should sum to zero units."""


class Suspects(Struct, frozen=True):
    """What may be wrong. references: of movements, for which there may be no order."""

    order_ids: set[int]
    references: set[str]


def find_suspects() -> Suspects:
    """Every order that is wrong, and every reference without its order. Five statements.

    Some of them may be right. The memory that it takes grows with what is found.
    """
    found = Suspects({*_totals_off(), *_histories_off(), *_without_events()}, set())
    rows = merge(_expected_units(), _moved_units(), key=itemgetter(0))
    for (_, reference), group in groupby(rows, key=itemgetter(0)):
        sums: dict[int, int] = {}
        for _, product_id, units in group:
            sums[product_id] = sums.get(product_id, 0) + units
        # Every order has a row of its own, of no product.
        has_order = sums.pop(0, None) is not None
        if not has_order:
            found.references.add(reference)
        # A collation may sort other texts between the numbers. Then the rows of an order are apart.
        if (not has_order or any(sums.values())) and (order_id := order_id_in(reference)):
            found.order_ids.add(order_id)
    return found


def order_id_in(reference: str) -> int | None:
    """The id of the order that a movement refers to; None if it can be no order's.

    "order:007" refers to no order, as 7 is written "order:7".
    """
    number = reference.removeprefix(PREFIX)
    is_id = number.isascii() and number.isdecimal() and len(number) <= MAX_DIGITS
    return int(number) if is_id and str(int(number)) == number else None


def _totals_off() -> Iterator[int]:
    """Orders without lines, or whose totals are not the sums of their lines."""
    of_lines = Sum(F("lines__unit_price") * F("lines__quantity"))
    sums = Order.objects.order_by().values("pk").annotate(sum=of_lines)
    # SQLite sums amounts as floating-point numbers.
    off = Q(sum=None) | Q(sum__gte=F("total") + HALF_A_CENT) | Q(sum__lte=F("total") - HALF_A_CENT)
    return sums.filter(off).values_list("pk", flat=True).iterator(CHUNK_SIZE)


def _histories_off() -> Iterator[int]:
    """Orders with an event that does not follow the one before, or does not lead to the order."""
    in_order = partial(Window, partition_by="order", order_by="pk")
    events = OrderEvent.objects.order_by().annotate(
        previous=in_order(Lag("to_status", default=Value(""))),
        next=in_order(Lead("pk")),
        number=in_order(RowNumber()),
        status=F("order__status"),
        version=F("order__version"),
    )
    steps = (Q(from_status=before, to_status=after) for before, after in EVENTS.values())
    broken = ~Q(from_status=F("previous")) | ~reduce(or_, steps)
    leads_elsewhere = ~Q(to_status=F("status")) | ~Q(number=F("version"))
    off = events.filter(broken | Q(next=None) & leads_elsewhere)
    return off.values_list("order_id", flat=True).iterator(CHUNK_SIZE)


def _without_events() -> Iterator[int]:
    events = OrderEvent.objects.filter(order=OuterRef("pk"))
    orders = Order.objects.order_by().exclude(Exists(events))
    return orders.values_list("pk", flat=True).iterator(CHUNK_SIZE)


def _expected_units() -> Iterator[Units]:
    """What movements of orders should take, as positive units; and a row of product 0 per order."""
    orders = Order.objects.order_by("pk").values_list("pk", "status", "lines__product_id")
    last = 0
    for order_id, status, product_id, units in orders.annotate(Sum("lines__quantity")).iterator(
        CHUNK_SIZE
    ):
        reference = f"{PREFIX}{order_id}"
        key = (len(reference), reference)
        if order_id != last:
            last = order_id
            yield key, 0, 0
        if product_id is not None and status != Order.Status.CANCELED:
            yield key, product_id, units


def _moved_units() -> Iterator[Units]:
    for reference, product_id, units in sum_all_movements(prefix=PREFIX):
        yield (len(reference), reference), product_id, units

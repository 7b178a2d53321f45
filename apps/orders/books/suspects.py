"""Finds the orders that may be wrong, in a few statements over all rows.

Looking at each order would take thousands of statements for a million orders. These statements
return what is off, or may be; the audit then looks at that alone, and decides. PostgreSQL reads
tables in parallel only for results that are fetched as a whole: those of what is off alone are.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial, reduce
from heapq import merge
from itertools import groupby
from operator import itemgetter, or_
from secrets import randbelow

from django.db.models import Exists, F, OuterRef, Q, Sum, Value, Window
from django.db.models.functions import Coalesce, Lag, Lead, RowNumber
from msgspec import Struct

from apps.orders.books.parts import orders_with_parts_off
from apps.orders.microservice_communication import (
    fingerprint_movements,
    references_without_number,
)
from apps.orders.models import Order, OrderCharge, OrderEvent
from apps.orders.placing.rules import EVENTS, FIRM, MAX_HOLD_SECONDS
from monoservices.database.fingerprints import PRIME, Fingerprint, take_fingerprints

PREFIX = "order:"
HALF_A_CENT = Decimal("0.005")
# SQLite sums amounts as floating-point numbers.
_OFF = Q(more=None) | Q(more__gte=HALF_A_CENT) | Q(more__lte=-HALF_A_CENT)

_PARTLY = Q(status="pending", shipped__gt=0)
_STATUS_OFF = (
    Q(status="pending", open=0)
    | Q(status__in=("shipped", "delivered")) & (~Q(open=0) | Q(shipped=0))
    | Q(status="canceled") & ~Q(shipped=0)
    | Q(partly_shipped=True) & ~_PARTLY
    | Q(partly_shipped=False) & _PARTLY
)

_EXPECTED = """
    SELECT o.id, l.product_id AS other_id,
        CASE o.status WHEN 'canceled' THEN 0 ELSE l.quantity - l.canceled_quantity END AS units
    FROM orders_order AS o LEFT JOIN orders_orderline AS l ON l.order_id = o.id
    UNION ALL
    SELECT l.order_id, -l.product_id, l.shipped_quantity
    FROM orders_orderline AS l WHERE l.shipped_quantity <> 0
    UNION ALL
    SELECT l.order_id, sides.sign * l.product_id, -b.quantity
    FROM orders_returnline AS b JOIN orders_orderline AS l ON l.id = b.line_id
    CROSS JOIN (SELECT 1 AS sign UNION ALL SELECT -1) AS sides
    WHERE b.is_restocked
"""
"""What the movements of orders should take: of what can be sold, and of what is on hand."""


class Suspects(Struct, frozen=True):
    """Orders that may be wrong. references: of movements, for which there is no order."""

    order_ids: set[int]
    references: set[str]


def find_suspects() -> Suspects:
    """Every order that is wrong, and every reference without its order. Fourteen statements.

    Some of the orders may be right. The memory that it takes grows with what is found.
    """
    found = Suspects(
        {
            *_totals_off(),
            *_charges_off(),
            *_without_charges(),
            *_histories_off(),
            *_without_events(),
            *_holds_off(),
            *orders_with_parts_off(),
        },
        references_without_number(prefix=PREFIX),
    )
    for ordered, moved in _fingerprints():
        missing = moved.bits & ~ordered.bits
        found.references.update(f"{PREFIX}{order_id}" for order_id in moved.ids(missing))
        if missing or (ordered.total + moved.total) % PRIME:
            found.order_ids.update(ordered.ids(ordered.bits))
    return found


def _fingerprints() -> Iterator[tuple[Fingerprint, Fingerprint]]:
    """What lines and movements say of each group of orders. Where they agree, their sum is 0."""
    seed = randbelow(2**31)
    ordered = ((each.number, 0, each) for each in take_fingerprints(_EXPECTED, seed=seed))
    moved = ((each.number, 1, each) for each in fingerprint_movements(prefix=PREFIX, seed=seed))
    for number, group in groupby(merge(ordered, moved), key=itemgetter(0)):
        of_group = {side: each for _, side, each in group}
        nothing = Fingerprint(number)
        yield of_group.get(0, nothing), of_group.get(1, nothing)


def _totals_off() -> Iterable[int]:
    """Orders without lines, or whose totals are not the sums of their lines and charges.

    And those whose status is not what is open and shipped of their lines.
    """
    kept = F("lines__quantity") - F("lines__canceled_quantity")
    of_lines = Sum(F("lines__unit_price") * kept)
    charged = Coalesce(F("charges_total"), Decimal(0))
    orders = Order.objects.order_by().values("pk")
    return (
        orders.annotate(
            more=of_lines + charged - F("total"),
            shipped=Sum("lines__shipped_quantity"),
            open=Sum(kept - F("lines__shipped_quantity")),
        )
        .filter(_OFF | _STATUS_OFF)
        .values_list("pk", flat=True)
    )


def _charges_off() -> Iterable[int]:
    """Orders with charges whose sum is not what the order says."""
    charges = OrderCharge.objects.order_by().values("order_id")
    more = Sum("amount") - F("order__charges_total")
    return charges.annotate(more=more).filter(_OFF).values_list("order_id", flat=True)


def _without_charges() -> Iterable[int]:
    """Orders that say what their charges sum to, and have none."""
    charges = OrderCharge.objects.filter(order=OuterRef("pk"))
    orders = Order.objects.order_by().filter(charges_total__isnull=False)
    return orders.exclude(Exists(charges)).values_list("pk", flat=True)


def _histories_off() -> Iterable[int]:
    """Orders with an event that does not follow the one before, or does not lead to the order."""
    in_order = partial(Window, partition_by="order", order_by="pk")
    events = OrderEvent.objects.order_by().annotate(
        previous=in_order(Lag("to_status", default=Value(""))),
        next=in_order(Lead("pk")),
        number=in_order(RowNumber()),
        status=F("order__status"),
        order_version=F("order__version"),
    )
    steps = (
        Q(type=kind, from_status=before, to_status=after)
        for kind, every in EVENTS.items()
        for before, after in every
    )
    misnumbered = Q(version__isnull=False) & ~Q(version=F("number"))
    broken = ~Q(from_status=F("previous")) | ~reduce(or_, steps) | misnumbered
    leads_elsewhere = ~Q(to_status=F("status")) | ~Q(number=F("order_version"))
    off = events.filter(broken | Q(next=None) & leads_elsewhere)
    return off.values_list("order_id", flat=True)


def _without_events() -> Iterable[int]:
    events = OrderEvent.objects.filter(order=OuterRef("pk"))
    orders = Order.objects.order_by().exclude(Exists(events))
    return orders.values_list("pk", flat=True)


def _holds_off() -> Iterable[int]:
    """Held orders that were made firm, or that are held for longer than an order can be."""
    latest = F("created_at") + timedelta(seconds=MAX_HOLD_SECONDS)
    made_firm = Exists(OrderEvent.objects.filter(order=OuterRef("pk"), type__in=FIRM))
    held = Order.objects.order_by().held(True)
    return held.filter(Q(made_firm) | Q(held_until__gt=latest)).values_list("pk", flat=True)

"""Checks that the books balance: all orders, their histories and their stock movements.

Call it in one consistent snapshot. It looks at the orders that may be wrong, a thousand at a time,
so that its memory does not grow with the number of orders.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, Model, OuterRef, QuerySet
from msgspec import Struct

from apps.orders.books.parts import Written, problems_of_parts, read_written
from apps.orders.books.suspects import PREFIX, find_suspects
from apps.orders.fulfilment.goods import all_open, by_product, kept_units
from apps.orders.microservice_communication import (
    Moved,
    audit_stock,
    existing_client_ids,
    read_products,
    sum_movements,
)
from apps.orders.models import Order, OrderCharge, OrderEvent, OrderLine, Return, Shipment
from apps.orders.placing.rules import EVENTS, FIRM, MAX_HOLD_SECONDS, NOTHING

CHUNK_SIZE = 1_000


class Discrepancy(Struct, frozen=True):
    """An error in the books. text: for people, on one line.

    order_id, product_id: the order or product whose movements can be corrected; None where
    movements cannot correct the error.
    """

    text: str
    order_id: int | None = None
    product_id: int | None = None

    def __str__(self) -> str:
        return self.text


def audit() -> Iterator[Discrepancy]:
    """Every error in the books of stock and orders."""
    for found in audit_stock():
        yield Discrepancy(found.text, product_id=found.product_id)
    suspects = find_suspects()
    for orders in _orders_in_chunks(suspects.order_ids):
        moved = moved_units([order.pk for order in orders])
        charged = _charged([order.pk for order in orders])
        written = read_written([order.pk for order in orders])
        for order in orders:
            of_order = written[order.pk]
            yield from _audit_order(order, moved[order.pk], charged.get(order.pk), of_order)
    yield from _dangling(OrderLine)
    yield from _dangling(OrderCharge)
    yield from _dangling(OrderEvent)
    yield from _dangling(Shipment)
    yield from _dangling(Return)
    yield from _lines_without_product()
    yield from _orders_without_client()
    for reference in sorted(suspects.references):
        yield Discrepancy(f"Movements refer to {reference}, which does not exist.")


def expected_units(order: Order, restocked: Mapping[int, int]) -> dict[int, Moved]:
    """What the movements of an order must sum to, by product id. restocked: units, by product."""
    if order.status == Order.Status.CANCELED:
        return {}
    lines = order.lines.all()
    kept = by_product(lines, {line.pk: kept_units(line) for line in lines})
    still_open = by_product(lines, all_open(lines))
    return {
        key: Moved(restocked.get(key, 0) - units, still_open.get(key, 0))
        for key, units in kept.items()
    }


def moved_units(order_ids: Sequence[int]) -> defaultdict[int, dict[int, Moved]]:
    """What the movements of orders sum to, by order id and product id. One statement."""
    sums: defaultdict[int, dict[int, Moved]] = defaultdict(dict)
    moved = sum_movements(references=[f"{PREFIX}{order_id}" for order_id in order_ids])
    for (reference, product_id), units in moved.items():
        sums[int(reference.removeprefix(PREFIX))][product_id] = units
    return sums


def differences(
    order: Order, moved: Mapping[int, Moved], restocked: Mapping[int, int]
) -> dict[int, Moved]:
    """The units that the movements of an order lack, by product id."""
    expected, nothing = expected_units(order, restocked), Moved()
    missing = {}
    for product_id in sorted({*expected, *moved}):
        wanted, found = expected.get(product_id, nothing), moved.get(product_id, nothing)
        missing[product_id] = Moved(
            wanted.delta - found.delta, wanted.committed_delta - found.committed_delta
        )
    return {product_id: units for product_id, units in missing.items() if units != nothing}


def _orders_in_chunks(order_ids: Collection[int]) -> Iterator[list[Order]]:
    orders = Order.objects.with_lines().prefetch_related("events").order_by("pk")
    columns = orders.only(
        *("pk", "status", "total", "charges_total", "credited", "partly_shipped", "version"),
        *("held_until", "created_at"),
    )
    ordered = sorted(order_ids)
    for at in range(0, len(ordered), CHUNK_SIZE):
        yield list(columns.filter(pk__in=ordered[at : at + CHUNK_SIZE]))


def _charged(order_ids: Collection[int]) -> dict[int, Decimal]:
    """What the charges of orders sum to, by order id. One statement."""
    sums: dict[int, Decimal] = {}
    charges = OrderCharge.objects.filter(order__in=order_ids).values_list("order_id", "amount")
    for order_id, amount in charges:
        sums[order_id] = sums.get(order_id, NOTHING) + amount
    return sums


def _audit_order(
    order: Order, moved: Mapping[int, Moved], charged: Decimal | None, written: Written
) -> Iterator[Discrepancy]:
    name = f"Order {order.pk}"
    lines = order.lines.all()
    if not lines:
        yield Discrepancy(f"{name}: has no lines.")
    if order.charges_total != charged:
        says, sum_of = ("nothing" if x is None else x for x in (order.charges_total, charged))
        yield Discrepancy(f"{name}: its charges_total is {says}, but its charges sum to {sum_of}.")
    total = sum((line.unit_price * kept_units(line) for line in lines), start=NOTHING)
    if order.total != total + (charged or 0):
        parts = "its lines sum" if charged is None else "its lines and charges sum"
        total += charged or 0
        yield Discrepancy(f"{name}: its total is {order.total}, but {parts} to {total}.")
    events = list(order.events.all())
    for problem in (_history_problem(order, events), _hold_problem(order, events)):
        if problem:
            yield Discrepancy(f"{name}: {problem}")
    for problem in problems_of_parts(order, written):
        yield Discrepancy(f"{name}: {problem}")
    for product_id, missing in differences(order, moved, written.restocked).items():
        found = moved.get(product_id, Moved())
        text = f"{name}: its movements of product {product_id}"
        for verb, units, lacking in (
            ("sum to", found.delta, missing.delta),
            ("commit", found.committed_delta, missing.committed_delta),
        ):
            if lacking:
                yield Discrepancy(f"{text} {verb} {units}, not {units + lacking}.", order.pk)


def _history_problem(order: Order, events: Sequence[OrderEvent]) -> str:
    """Why the events do not lead to the order's status; empty where they do."""
    status = ""
    for number, event in enumerate(events, 1):
        step = event.from_status, event.to_status
        if event.from_status != status or step not in EVENTS.get(event.type, ()):
            told = f"{event.from_status or 'nothing'} to {event.to_status}"
            return f"its event {event.pk} goes from {told}, after {status or 'nothing'}."
        if event.version not in (None, number):
            return f"its event {event.pk} is of version {event.version}, not {number}."
        status = event.to_status
    if status != order.status:
        return f"it is {order.status}, but its events lead to {status or 'nothing'}."
    if order.version != len(events):
        return f"its version is {order.version}, but the number of its events is {len(events)}."
    return ""


def _hold_problem(order: Order, events: Sequence[OrderEvent]) -> str:
    """Why the order cannot be held as it is; empty where it can, or where it is not held."""
    if not order.is_held or order.held_until is None:
        return ""
    if made_firm := [event.type for event in events if event.type in FIRM]:
        return f"its stock may be taken back after {order.held_until}, but it was {made_firm[-1]}."
    if order.held_until > order.created_at + timedelta(seconds=MAX_HOLD_SECONDS):
        return f"it is held until {order.held_until}, more than 30 days after it was placed."
    return ""


def _dangling(model: type[Model]) -> Iterator[Discrepancy]:
    rows = model._default_manager.exclude(Exists(Order.objects.filter(pk=OuterRef("order"))))
    for key, order_id in rows.order_by("pk").values_list("pk", "order_id"):
        name = str(model._meta.verbose_name).capitalize()
        yield Discrepancy(f"{name} {key}: belongs to order {order_id}, which does not exist.")


def _lines_without_product() -> Iterator[Discrepancy]:
    for chunk in _distinct(OrderLine.objects.all(), "product_id"):
        for missing in sorted(set(chunk) - {product.id for product in read_products(ids=chunk)}):
            yield Discrepancy(f"Order lines name product {missing}, which does not exist.")


def _orders_without_client() -> Iterator[Discrepancy]:
    for chunk in _distinct(Order.objects.all(), "client_id"):
        for missing in sorted(set(chunk) - existing_client_ids(ids=chunk)):
            yield Discrepancy(f"Orders belong to client {missing}, which does not exist.")


def _distinct(rows: QuerySet[Any], column: str) -> Iterator[list[int]]:
    """The distinct values of a column, in ascending lists."""
    values = rows.order_by(column).values_list(column, flat=True).distinct()
    last = 0
    while chunk := list(values.filter(**{f"{column}__gt": last})[:CHUNK_SIZE]):
        yield chunk
        last = chunk[-1]

"""Do lines and orders say what shipments and returns have written? Only reads."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal

from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from msgspec import Struct

from apps.orders.fulfilment.goods import open_units, status_of
from apps.orders.models import Order, Return, ReturnLine, Shipment, ShipmentLine
from apps.orders.placing.rules import NOTHING
from monoservices.database.statements import enqueue

_PARTS_OFF = """
    SELECT l.order_id
    FROM orders_orderline AS l
    LEFT JOIN (
        SELECT line_id, sum(quantity) AS units FROM orders_shipmentline GROUP BY line_id
    ) AS s ON s.line_id = l.id
    LEFT JOIN (
        SELECT line_id, sum(quantity) AS units FROM orders_returnline GROUP BY line_id
    ) AS b ON b.line_id = l.id
    WHERE l.shipped_quantity <> coalesce(s.units, 0) OR l.returned_quantity <> coalesce(b.units, 0)
"""


class Written(Struct):
    """What shipments and returns of an order have written.

    shipped, returned: units by the ids of lines. restocked: units by product id. credited: what
    the lines of returns sum to. credits: what the returns say. under_way: shipments without
    delivery.
    """

    shipped: defaultdict[int, int]
    returned: defaultdict[int, int]
    restocked: defaultdict[int, int]
    credited: Decimal = NOTHING
    credits: Decimal = NOTHING
    under_way: int = 0


def orders_with_parts_off() -> Iterator[int]:
    """Orders of which lines, credit or status do not say what was written. Five statements."""
    yield from (order_id for (order_id,) in enqueue(_PARTS_OFF).fetch())
    of_returns = Return.objects.order_by().values("order_id").annotate(sum=Sum("credit"))
    # SQLite sums amounts as floating-point numbers.
    off = Q(more__gte=Decimal("0.005")) | Q(more__lte=Decimal("-0.005"))
    more = of_returns.annotate(more=F("sum") - F("order__credited"))
    yield from more.filter(off).values_list("order_id", flat=True)
    returns = Return.objects.filter(order=OuterRef("pk"))
    credited = Order.objects.order_by().filter(credited__gt=0)
    yield from credited.exclude(Exists(returns)).values_list("pk", flat=True)
    of_lines = ReturnLine.objects.order_by().values("order_return_id", "order_return__order_id")
    more_of_lines = of_lines.annotate(more=Sum("credit") - F("order_return__credit"))
    yield from more_of_lines.filter(off).values_list("order_return__order_id", flat=True)
    under_way = Count("pk", filter=Q(delivery=None))
    arrived = Shipment.objects.order_by().values("order_id", "order__status")
    wrong = Q(order__status="delivered", under_way__gt=0) | Q(order__status="shipped", under_way=0)
    yield from (
        arrived.annotate(under_way=under_way).filter(wrong).values_list("order_id", flat=True)
    )


def read_written(order_ids: Collection[int]) -> defaultdict[int, Written]:
    """What was written of orders, by id. Four statements."""
    found: defaultdict[int, Written] = defaultdict(
        lambda: Written(defaultdict(int), defaultdict(int), defaultdict(int))
    )
    shipped = ShipmentLine.objects.filter(shipment__order__in=order_ids)
    for order_id, line_id, units in shipped.values_list(
        "shipment__order_id", "line_id", "quantity"
    ):
        found[order_id].shipped[line_id] += units
    returned = ReturnLine.objects.filter(order_return__order__in=order_ids)
    columns = ("order_return__order_id", "line_id", "line__product_id", "quantity")
    for order_id, line_id, product_id, units, is_restocked, credit in returned.values_list(
        *columns, "is_restocked", "credit"
    ):
        written = found[order_id]
        written.credited += credit
        if line_id is not None:
            written.returned[line_id] += units
        if is_restocked:
            written.restocked[product_id] += units
    returns = Return.objects.filter(order__in=order_ids).values_list("order_id", "credit")
    for order_id, credit in returns:
        found[order_id].credits += credit
    under_way = Shipment.objects.filter(order__in=order_ids, delivery=None)
    for order_id in under_way.values_list("order_id", flat=True):
        found[order_id].under_way += 1
    return found


def problems_of_parts(order: Order, written: Written) -> Iterable[str]:
    """What is wrong with the parts of an order, which `with_lines` has read."""
    lines = order.lines.all()
    for line in lines:
        for part, says, wrote in (
            ("shipped", line.shipped_quantity, written.shipped[line.pk]),
            ("returned", line.returned_quantity, written.returned[line.pk]),
        ):
            if says != wrote:
                kind = "shipments" if part == "shipped" else "returns"
                yield f"its line {line.pk} says {says} {part}, but its {kind} sum to {wrote}."
    if not order.credited == written.credits == written.credited:
        sums = f"sum to {written.credits}, and their lines to {written.credited}."
        yield f"its credited is {order.credited}, but its returns {sums}"
    if order.status == Order.Status.CANCELED:
        if any(line.shipped_quantity for line in lines):
            yield "it is canceled, but something was shipped."
        return
    status = status_of(lines, is_delivered=lambda: not written.under_way)
    if lines and order.status != status:
        yield f"it is {order.status}, but by its lines and shipments it is {status}."
    partly = any(map(open_units, lines)) and any(line.shipped_quantity for line in lines)
    if order.partly_shipped != partly:
        yield f"its partly_shipped is {order.partly_shipped}, not {partly}."

"""What a response says of shipments and returns."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from apps.orders.exceptions import OrdersError
from apps.orders.fulfilment.deciding import Unchanged
from apps.orders.fulfilment.shipping import Outcome, Shipped, ShippedBefore
from apps.orders.models import Return, Shipment
from apps.orders.placing.rules import NOTHING
from monoservices.api.types import Moment

ShipmentStatus = Annotated[
    str, Meta(title="ShipmentStatus", extra_json_schema={"enum": ["delivered", "shipped"]})
]


class ShippedUnits(Struct):
    """Units of a line in a shipment."""

    line_id: int
    product_id: int
    sku: str
    product_name: str
    quantity: int


class ShipmentOut(Struct):
    """A shipment. It is `delivered` once it has arrived."""

    id: int
    order_id: int
    status: ShipmentStatus
    lines: list[ShippedUnits]
    carrier: str
    tracking_number: str
    tracking_url: str
    created_at: Moment
    delivered_at: Moment | None


class ReturnedLine(Struct):
    """Units of a line in a return."""

    line_id: int
    product_id: int
    sku: str
    product_name: str
    quantity: int
    restock: bool
    credit: Decimal
    reason: str


class ReturnOut(Struct):
    """A return. credit: what it lowers of what is due, charges_credit included."""

    id: int
    order_id: int
    currency: str
    credit: Decimal
    charges_credit: Decimal
    lines: list[ReturnedLine]
    created_at: Moment


_shipped = msgspec.json.Decoder(list[tuple[int, int, str, str, int]])
# SQLite has numbers for booleans. What is credited of charges has no line.
_came_back = msgspec.json.Decoder(
    list[tuple[int | None, Any, Any, Any, int, bool | int, Decimal, str]]
)
ShipmentAnswer = tuple[ShipmentOut, bool] | OrdersError
"""A shipment, and whether it was there before; or why there is none."""


def shipment_out(shipment: Shipment) -> ShipmentOut:
    """A shipment in a response, from `ShipmentQuerySet.whole`."""
    delivery = getattr(shipment, "delivery", None)
    tracking = getattr(shipment, "tracking", None)
    return ShipmentOut(
        id=shipment.pk,
        order_id=shipment.order_id,
        status="shipped" if delivery is None else "delivered",
        lines=[ShippedUnits(*line) for line in _shipped.decode(shipment.lines_as_json)],
        carrier=tracking.carrier if tracking else "",
        tracking_number=tracking.tracking_number if tracking else "",
        tracking_url=tracking.tracking_url if tracking else "",
        created_at=shipment.created_at,
        delivered_at=delivery.created_at if delivery else None,
    )


def new_shipment_out(shipped: Shipped) -> ShipmentOut:
    """The same for a shipment that was just written."""
    leaving = shipped.leaving
    followed, units = leaving.request.followed, leaving.units
    return ShipmentOut(
        id=shipped.id,
        order_id=leaving.order.id,
        status="shipped",
        lines=[
            ShippedUnits(line.id, line.product_id, line.sku, line.product_name, units[line.id])
            for line in leaving.order.lines
            if line.id in units
        ],
        carrier=followed.carrier,
        tracking_number=followed.tracking_number,
        tracking_url=followed.tracking_url,
        created_at=shipped.at,
        delivered_at=None,
    )


def shipment_answers(outcomes: Sequence[Outcome | None]) -> list[ShipmentAnswer | None]:
    """What to answer to requests with keys. Three statements where some came before."""
    before = {each.id for each in outcomes if isinstance(each, ShippedBefore)}
    known = {each.pk: each for each in Shipment.objects.whole().filter(pk__in=before)}
    answers: list[ShipmentAnswer | None] = []
    for outcome in outcomes:
        match outcome:
            case Shipped():
                answers.append((new_shipment_out(outcome), False))
            case ShippedBefore(shipment_id):
                answers.append((shipment_out(known[shipment_id]), True))
            case Unchanged():
                raise TypeError("A request with a key is a shipment or an error.")
            case refusal:
                answers.append(refusal)
    return answers


def return_out(order_return: Return) -> ReturnOut:
    """A return in a response, from `ReturnQuerySet.whole`."""
    lines = _came_back.decode(order_return.lines_as_json)
    of_charges = [credit for line_id, *_, credit, _ in lines if line_id is None]
    return ReturnOut(
        id=order_return.pk,
        order_id=order_return.order_id,
        currency=order_return.order.currency,
        credit=order_return.credit,
        charges_credit=of_charges[0] if of_charges else NOTHING,
        lines=[
            ReturnedLine(line_id, product_id, sku, name, quantity, bool(restock), credit, reason)
            for line_id, product_id, sku, name, quantity, restock, credit, reason in lines
            if line_id is not None
        ],
        created_at=order_return.created_at,
    )

"""Which shipments of a batch are accepted: pure functions, without a database or a clock."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from apps.orders.exceptions import (
    IdempotencyKeyReused,
    IllegalTransition,
    NotConfirmed,
    OrderNotFound,
    OrdersError,
    VersionConflict,
)
from apps.orders.fulfilment.goods import (
    all_open,
    by_product,
    choose,
    open_units,
    status_of,
)
from apps.orders.fulfilment.requests import ShipmentRequest

Key = tuple[int, str, str]
"""An order's id, who asks, and the idempotency key."""


class LockedLine(Struct):
    """A line of a locked order; it changes while shipments are decided."""

    id: int
    product_id: int
    sku: str
    product_name: str
    quantity: int
    shipped_quantity: int
    canceled_quantity: int
    returned_quantity: int


class LockedOrder(Struct):
    """A locked order; it changes while shipments are decided."""

    id: int
    client_id: int
    status: str
    version: int
    is_held: bool
    lines: list[LockedLine] = []


class KnownShipment(Struct, frozen=True):
    """A shipment that exists. id: 0 for one that comes earlier in this batch, at `position`."""

    fingerprint: str
    id: int = 0
    position: int = 0


class Unchanged(Struct, frozen=True):
    """The whole order was shipped before."""


class Leaving(Struct, frozen=True):
    """A shipment to write. version, status: the order's after it. was: the status before.

    units: by the ids of lines. moved: by product id.
    """

    request: ShipmentRequest
    order: LockedOrder
    was: str
    status: str
    version: int
    units: dict[int, int]
    moved: dict[int, int]


Decision = Leaving | KnownShipment | Unchanged | OrdersError


def decide_shipments(
    requests: Sequence[ShipmentRequest],
    orders: Mapping[int, LockedOrder],
    known: Mapping[Key, KnownShipment],
) -> list[Decision]:
    """Decide each request alone, in the order of arrival; return the decisions in that order.

    orders: by id, the orders that the requests name and that exist. An accepted request changes
        them, and later requests see the change.
    known: the shipments that were written with the requests' keys.
    A refusal is returned rather than raised, and changes nothing.
    """
    found = dict(known)
    decisions: list[Decision] = []
    for position, request in enumerate(requests):
        try:
            decision = _decide(request, orders, found)
        except OrdersError as refusal:
            decision = refusal
        if isinstance(decision, Leaving) and (key := key_of(request)):
            found[key] = KnownShipment(request.fingerprint, position=position)
        decisions.append(decision)
    return decisions


def key_of(request: ShipmentRequest) -> Key | None:
    """Requests with the same key are one request, sent again."""
    key = request.idempotency_key
    return None if key is None else (request.order_id, request.actor, key)


def refuse_shipping(status: str, *, is_held: bool) -> None:
    """Raise IllegalTransition where nothing is open, and NotConfirmed where the order is held."""
    if status != "pending":
        raise IllegalTransition(f"An order that is {status} cannot become shipped.")
    if is_held:
        raise NotConfirmed


def _decide(
    request: ShipmentRequest,
    orders: Mapping[int, LockedOrder],
    found: Mapping[Key, KnownShipment],
) -> Decision:
    order = orders.get(request.order_id)
    if order is None:
        raise OrderNotFound
    if (key := key_of(request)) and (before := found.get(key)):
        if before.fingerprint != request.fingerprint:
            raise IdempotencyKeyReused
        return before
    if key is None and order.status == "shipped":
        return Unchanged()
    if request.version not in (None, order.version):
        raise VersionConflict(f"The order is at version {order.version} now.")
    refuse_shipping(order.status, is_held=order.is_held)
    return _ship(request, order)


def _ship(request: ShipmentRequest, order: LockedOrder) -> Leaving:
    lines = order.lines
    units = (
        all_open(lines)
        if request.lines is None
        else choose(lines, request.lines, there=open_units, what="open")
    )
    was = order.status
    for line in lines:
        line.shipped_quantity += units.get(line.id, 0)
    order.status = status_of(lines, is_delivered=lambda: False)
    order.version += 1
    moved = by_product(lines, units)
    return Leaving(request, order, was, order.status, order.version, units, moved)

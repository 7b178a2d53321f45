"""Shipping: one transaction for many shipments of any orders; lock, decide, write.

An order is shipped by several people and programs at a time: so its row is locked first, and what
is open is read under the lock.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import compress

from msgspec import Struct

from apps.orders.exceptions import OrdersError
from apps.orders.fulfilment.deciding import (
    Decision,
    KnownShipment,
    Leaving,
    Unchanged,
    decide_shipments,
    key_of,
)
from apps.orders.fulfilment.requests import ShipmentRequest
from apps.orders.fulfilment.statements import (
    enqueue_orders,
    known_shipments,
    locked_orders,
    update_orders,
    write_shipments,
)
from apps.orders.microservice_communication import take_stock
from apps.orders.models import Order
from apps.orders.placing.statements import shipped_moves
from monoservices.api.types import MAX_BIG_INTEGER
from monoservices.database.engines import engine
from monoservices.services.scopes import Check


class Shipped(Struct, frozen=True):
    """A shipment that was written. at: when."""

    id: int
    leaving: Leaving
    at: datetime


class ShippedBefore(Struct, frozen=True):
    """A shipment that the same request has written before."""

    id: int


Outcome = Shipped | ShippedBefore | Unchanged | OrdersError


def ship_order(
    *, order_id: int, actor: str, version: int | None = None, at: datetime | None = None
) -> Order:
    """Ship everything that is open of an order and return it; see `ship_orders`.

    An order that is shipped stays unchanged.
    Raises OrderNotFound, VersionConflict, IllegalTransition and NotConfirmed.
    """
    request = ShipmentRequest(order_id=order_id, actor=actor, version=version)
    [outcome] = ship_orders([request], at=at)
    if isinstance(outcome, OrdersError):
        raise outcome
    return Order.objects.with_lines().get(pk=order_id)


def ship_orders(
    requests: Sequence[ShipmentRequest], *, at: datetime | None = None, check: Check | None = None
) -> list[Outcome | None]:
    """Ship in one transaction and return what became of each request, in the same order.

    Each request is accepted, replayed or refused alone; a refusal is returned, not raised. The
    number of statements does not depend on the number of requests; on PostgreSQL they take three
    round trips. When this returns, the shipments are committed, unless the caller has a transaction
    of its own around it.
    at: the moment it happened; now where it is None. check: asks which requests may be carried
        out; the outcome of the others is None.
    Raises OperationalError for a passing fault of the database.
    """
    with engine().pipelined_transaction():
        allowed = check()() if check else [True] * len(requests)
        wanted = list(compress(requests, allowed))
        may_exist = [each for each in wanted if each.order_id <= MAX_BIG_INTEGER]
        order_ids = {each.order_id for each in may_exist}
        keys = {key for each in may_exist if (key := key_of(each))}
        asked = enqueue_orders(order_ids, keys, len(wanted))
        orders, known = locked_orders(asked), known_shipments(asked)
        ids = [key for (key,) in asked.ids.fetch()]
        decisions = decide_shipments(wanted, orders, known)
        moment = at or engine().now()  # after the locks of orders
        _write(decisions, ids, moment, at)
    outcomes = iter(_outcomes(decisions, ids, moment))
    return [next(outcomes) if may else None for may in allowed]


def _write(
    decisions: Sequence[Decision], ids: Sequence[int], moment: datetime, at: datetime | None
) -> None:
    leaving: Mapping[int, Leaving] = {
        shipment_id: decision
        for shipment_id, decision in zip(ids, decisions, strict=True)
        if isinstance(decision, Leaving)
    }
    if not leaving:
        return
    changed = {each.order.id: each.order for each in leaving.values()}
    update_orders(changed.values(), at=moment)
    with engine().writes_together():
        write_shipments(leaving, at=moment)
        moves = [
            move
            for each in leaving.values()
            for move in shipped_moves(
                each.order.id, each.moved, revision=each.version, actor=each.request.actor
            )
        ]
        take_stock(moves=moves, at=at)


def _outcomes(decisions: Sequence[Decision], ids: Sequence[int], at: datetime) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for shipment_id, decision in zip(ids, decisions, strict=True):
        match decision:
            case Leaving():
                outcomes.append(Shipped(shipment_id, decision, at))
            case KnownShipment():
                outcomes.append(ShippedBefore(decision.id or ids[decision.position]))
            case other:
                outcomes.append(other)
    return outcomes

"""Placing orders: one transaction for all of them; read, decide, write.

Products are read without a lock. Only the last statement locks their rows, so that a product that
everybody wants is locked from there to the commit and no longer. What was read may have changed by
then. The database notices, and the batch starts over with the rows locked first (optimistic
concurrency control with a locking fallback: Kung & Robinson, ACM TODS 6(2), 1981).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import compress
from typing import overload

from django.db import IntegrityError, OperationalError

from apps.orders.exceptions import AmbiguousName, OrdersError
from apps.orders.metrics import count_outcomes
from apps.orders.microservice_communication import (
    Lock,
    client_id_for,
    get_products_named,
    read_products,
    take_stock,
)
from apps.orders.models import Order
from apps.orders.placing.deciding import Accepted, Decision, KnownOrder, Repeated, decide
from apps.orders.placing.requests import LineRequest, OrderRequest, PlacedOrder, order_request
from apps.orders.placing.statements import (
    enqueue_known_orders,
    known_orders,
    stock_moves,
    write_orders,
)
from monoservices.database.engines import engine
from monoservices.database.errors import is_lock_timeout
from monoservices.services.scopes import Check

Outcome = PlacedOrder | OrdersError

_PASSES = 3
"""How often a batch is tried: without locks; with locks, where something read has changed or a
lock was waited for in vain; and once more. The third pass is for two batches that share a key and
no product: the second pass of the later batch waits for the earlier one's key, and only the third
sees the earlier order."""


def create_order(*, product_name: str, quantity: int) -> Order | None:
    """Place an order for the one product on sale that has this name, for the command line.

    Returns None where no product has the name.
    Raises AmbiguousName where several have it, and what `place_order` raises.
    """
    products = get_products_named(name=product_name)
    if len(products) > 1:
        raise AmbiguousName
    if not products:
        return None
    client_id = client_id_for(built_in="command line")
    line = LineRequest(path="", product_id=products[0].id, quantity=quantity)
    placed = place_order(order_request(client_id=client_id, lines=[line]))
    return Order.objects.get(pk=placed.id)


def place_order(request: OrderRequest, *, at: datetime | None = None) -> PlacedOrder:
    """Place one order. Raises the OrdersError that refuses it.

    at: the moment it happened; now where it is None.
    """
    outcome = place_orders([request], at=at)[0]
    if isinstance(outcome, OrdersError):
        raise outcome
    return outcome


@overload
def place_orders(
    requests: Sequence[OrderRequest], *, skip_held: bool = ..., at: datetime | None = ...
) -> list[Outcome]: ...


@overload
def place_orders(
    requests: Sequence[OrderRequest],
    *,
    skip_held: bool = ...,
    at: datetime | None = ...,
    check: Check | None,
) -> list[Outcome | None]: ...


def place_orders(
    requests: Sequence[OrderRequest],
    *,
    skip_held: bool = False,
    at: datetime | None = None,
    check: Check | None = None,
) -> Sequence[Outcome | None]:
    """Place orders in one transaction and return what became of each, in the same order.

    Each request is accepted, replayed or refused alone; a refusal is returned, not raised. The
    number of statements does not depend on the number of requests, and on PostgreSQL they take two
    round trips. When this returns, the placed orders are committed, unless the caller has a
    transaction of its own around it.
    skip_held: do not wait for a product that another transaction has locked, but refuse the orders
        that need it with ProductHeld; without it, this happens after `lock_timeout`.
    at: the moment it happened; now where it is None.
    check: asks which requests may be placed, in the first of the round trips. The outcome of the
        others is None: they are not decided, and lock nothing.
    Raises OperationalError for a passing fault of the database; then nothing was placed, unless
    the outcome is not known (`monoservices.database.errors.is_outcome_unknown`).
    """
    lock: Lock = "skip" if skip_held else "none"
    for _ in range(_PASSES - 1):
        try:
            return _attempt(requests, lock, at, check)
        except IntegrityError:
            lock = "wait" if lock == "none" else lock
        except OperationalError as error:
            if lock == "skip" or not is_lock_timeout(error):
                raise
            lock = "skip"
    return _attempt(requests, lock, at, check)


def _attempt(
    requests: Sequence[OrderRequest], lock: Lock, at: datetime | None, check: Check | None
) -> list[Outcome | None]:
    with engine().pipelined_transaction() as began_at:
        read_check = check() if check else lambda: [True] * len(requests)
        # A request that may not be placed locks no product. Otherwise the answer comes with the
        # products, in the same round trip.
        allowed = None if lock == "none" else read_check()
        asked = requests if allowed is None else list(compress(requests, allowed))
        known = enqueue_known_orders({request.key for request in asked})
        reserved = engine().reserve_ids(Order, len(asked))
        # Waits for rows, so that the statements above travel with this one.
        products = read_products(
            ids={line.product_id for order in asked for line in order.lines if line.product_id},
            skus={line.sku for order in asked for line in order.lines if line.sku is not None},
            lock=lock,
        )
        ids = [key for (key,) in reserved.fetch()]
        if allowed is None:
            allowed = read_check()
            asked = list(compress(requests, allowed))
        decisions = decide(asked, products, known_orders(known))
        accepted = {
            order_id: decision
            for order_id, decision in zip(ids, decisions, strict=False)
            if isinstance(decision, Accepted)
        }
        # Without locks, the orders are written before the last statement waits for products.
        moment = at or (began_at() if lock == "none" else engine().now())
        responses = _write(accepted, moment, at) if accepted else {}
    outcomes = _outcomes(decisions, ids, responses)
    count_outcomes(outcomes)
    decided = iter(outcomes)
    return [next(decided) if may_be_placed else None for may_be_placed in allowed]


def _outcomes(
    decisions: Sequence[Decision], ids: Sequence[int], responses: Mapping[int, str]
) -> list[Outcome]:
    """What became of each request. ids: of the orders, accepted or not; there may be more ids."""
    outcomes: list[Outcome] = []
    for order_id, decision in zip(ids, decisions, strict=False):
        match decision:
            case Accepted():
                outcomes.append(PlacedOrder(order_id, responses[order_id], replayed=False))
            case KnownOrder():
                outcomes.append(PlacedOrder(decision.id, decision.first_response, replayed=True))
            case Repeated(position):
                first = ids[position]
                outcomes.append(PlacedOrder(first, responses[first], replayed=True))
            case refusal:
                outcomes.append(refusal)
    return outcomes


def _write(
    accepted: Mapping[int, Accepted], moment: datetime, at: datetime | None
) -> dict[int, str]:
    """Write the orders and, last, take their stock; return the responses by the orders' ids.

    moment: when the orders were placed. at: when stock moved; after its lock where it is None.
    """
    responses = write_orders(accepted, at=moment)
    prices = {
        line.product.id: line.product.price for order in accepted.values() for line in order.lines
    }
    moves = [
        move
        for order_id, order in accepted.items()
        for move in stock_moves(order_id, order.quantities, revision=1, actor=order.request.actor)
    ]
    take_stock(moves=moves, prices=prices, at=at)
    return responses

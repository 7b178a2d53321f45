"""One pass over a batch of orders: a transaction that reads, decides and writes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import compress

from apps.orders.exceptions import OrdersError, OutOfStock
from apps.orders.holding.statements import (
    Ending,
    end_holds,
    enqueue_products_of_expired,
    lock_holds,
    released,
)
from apps.orders.metrics import count_outcomes, count_taken_back
from apps.orders.microservice_communication import Lock, read_products, take_stock
from apps.orders.models import Order, OrderLine
from apps.orders.placing.deciding import Accepted, Decision, KnownOrder, Repeated, decide
from apps.orders.placing.holds import EXPIRED, HoldBook
from apps.orders.placing.requests import OrderRequest, PlacedOrder
from apps.orders.placing.statements import (
    enqueue_known_orders,
    known_orders,
    stock_moves,
    write_orders,
)
from monoservices.database.engines import engine
from monoservices.services.scopes import Check

Outcome = PlacedOrder | OrdersError

ACTOR = "placing"
"""Who takes expired holds back. History does not tell one client of another."""


class HoldsNeeded(Exception):
    """Nothing was done: expired holds have units of products that are short. Lock them first."""

    def __init__(self, product_ids: frozenset[int]) -> None:
        super().__init__(product_ids)
        self.product_ids = product_ids


def attempt(
    requests: Sequence[OrderRequest],
    *,
    lock: Lock,
    needed: frozenset[int],
    may_take: bool,
    at: datetime | None,
    check: Check | None,
) -> list[Outcome | None]:
    """Place the orders of a batch; see `placing.place.place_orders`.

    lock: how orders, and then products, are locked before anything is decided.
    needed: the products whose expired holds are locked too. may_take: whether others may be needed.
    Raises HoldsNeeded if `may_take`, and IntegrityError where something that was read without a
    lock has changed.
    """
    with engine().pipelined_transaction() as began_at:
        read_check = check() if check else lambda: [True] * len(requests)
        # A request that may not be placed locks nothing. Otherwise the answer comes with the
        # products, in the same round trip.
        allowed = None if lock == "none" else read_check()
        asked = requests if allowed is None else list(compress(requests, allowed))
        holds = HoldBook() if lock == "none" else _lock_holds(asked, needed, lock, at)
        known = enqueue_known_orders({request.key for request in asked})
        reserved = engine().reserve_ids(Order, len(asked))
        lines = engine().reserve_ids(OrderLine, sum(len(request.lines) for request in asked))
        expired = enqueue_products_of_expired(at)
        # Waits for rows, so that the statements above travel with this one.
        products = read_products(
            ids={line.product_id for order in asked for line in order.lines if line.product_id}
            | holds.product_ids,
            skus={line.sku for order in asked for line in order.lines if line.sku is not None},
            lock=lock,
        )
        ids = [key for (key,) in reserved.fetch()]
        line_ids = (key for (key,) in lines.fetch())
        if allowed is None:
            allowed = read_check()
            asked = list(compress(requests, allowed))
        holds.leave_alone(product.id for product in products if product.is_held)
        decisions = decide(asked, products, known_orders(known), holds)
        with_holds = frozenset(key for (key,) in expired.fetch()) - needed
        if with_holds and may_take and (short := _short(decisions) & with_holds):
            raise HoldsNeeded(short)
        accepted = {
            order_id: decision
            for order_id, decision in zip(ids, decisions, strict=False)
            if isinstance(decision, Accepted)
        }
        # Without locks, the orders are written before the last statement waits for products.
        moment = at or (began_at() if lock == "none" else engine().now())
        is_locked = lock != "none"
        responses = _write(accepted, line_ids, moment, at, is_locked=is_locked) if accepted else {}
    outcomes = _outcomes(decisions, ids, responses)
    count_outcomes(outcomes)
    decided = iter(outcomes)
    return [next(decided) if may_be_placed else None for may_be_placed in allowed]


def _lock_holds(
    asked: Sequence[OrderRequest], needed: frozenset[int], lock: Lock, at: datetime | None
) -> HoldBook:
    """Lock the orders that are replaced, and the expired holds of the products in `needed`."""
    own = {(request.replaces, request.client_id) for request in asked if request.replaces}
    if not own and not needed:
        return HoldBook()
    holds = lock_holds(own, needed, lock=lock, at=at)
    left_out = own - {(hold.id, hold.client_id) for hold in holds}
    if lock != "skip" or not left_out:
        return HoldBook(holds)
    there = Order.objects.filter(pk__in=[order_id for order_id, _ in left_out])
    return HoldBook(holds, left_out & set(there.values_list("pk", "client_id")))


def _short(decisions: Sequence[Decision]) -> frozenset[int]:
    """The products that refused requests lack."""
    refused = (each.product_ids for each in decisions if isinstance(each, OutOfStock))
    return frozenset().union(*refused)


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
    accepted: Mapping[int, Accepted],
    line_ids: Iterator[int],
    moment: datetime,
    at: datetime | None,
    *,
    is_locked: bool,
) -> dict[int, str]:
    """Write the orders and, last, take their stock; return the responses by the orders' ids.

    line_ids: reserved for their lines. moment: when the orders were placed. at: when stock moved;
        after its lock where it is None.
    is_locked: whether the products are locked, so that none has changed since it was read.
    """
    endings = [
        Ending(hold, because, ACTOR if because == EXPIRED else order.request.actor)
        for order in accepted.values()
        for hold, because in order.ends
    ]
    if endings:
        end_holds(endings, at=moment)
    with engine().writes_together():
        responses = write_orders(accepted, line_ids=line_ids, at=moment)
        prices = {
            line.product.id: line.product.price
            for order in accepted.values()
            for line in order.lines
        }
        moves = [
            move
            for order_id, order in accepted.items()
            for move in stock_moves(
                order_id, order.quantities, revision=1, actor=order.request.actor
            )
        ]
        take_stock(moves=[*released(endings), *moves], prices=None if is_locked else prices, at=at)
    count_taken_back([each.because for each in endings].count(EXPIRED), by=ACTOR)
    return responses

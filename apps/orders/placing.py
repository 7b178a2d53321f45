"""Placing orders: one transaction for all of them; read, decide, write.

Products are read without a lock and their rows are taken only by the last statements, so that a
product that everybody wants is held from there to the commit and no longer. What was read may have
changed by then; the database notices, and the batch is done again with the rows locked first
(optimistic concurrency control with a locking fallback: Kung & Robinson, ACM TODS 6(2), 1981).
"""

from collections.abc import Collection, Mapping, Sequence

from django.db import IntegrityError, transaction

from apps.orders.deciding import Accepted, KnownOrder, Repeated, decide
from apps.orders.exceptions import OrdersError, ProductChanged
from apps.orders.microservice_communication import read_products, take_stock
from apps.orders.models import Order
from apps.orders.pricing import units
from apps.orders.requests import Key, OrderRequest, PlacedOrder
from apps.orders.writing import stock_moves, write_orders
from monoservices.database import reserve_ids

Outcome = PlacedOrder | OrdersError

# The third pass is for two batches with the same key and no product in common: the second pass
# of the later one waits for the earlier one's key, and only the third sees it.
_PASSES = (False, True, True)


def place_order(request: OrderRequest) -> PlacedOrder:
    """Place one order. Raises the OrdersError that refuses it."""
    outcome = place_orders([request])[0]
    if isinstance(outcome, OrdersError):
        raise outcome
    return outcome


def place_orders(requests: Sequence[OrderRequest]) -> list[Outcome]:
    """Place orders in one transaction and return what became of each, in the same order.

    A request is accepted, replayed or refused alone; what refuses it is returned, not raised.
    The number of statements does not depend on the number of requests. When this returns, what is
    placed is committed, unless the caller has a transaction of its own around it.
    Raises OperationalError for a passing fault of the database; then nothing was placed.
    """
    *optimistic, last = _PASSES
    for lock in optimistic:
        try:
            return _attempt(requests, lock=lock)
        except (IntegrityError, ProductChanged):
            continue
    return _attempt(requests, lock=last)


@transaction.atomic
def _attempt(requests: Sequence[OrderRequest], *, lock: bool) -> list[Outcome]:
    products = read_products(
        ids={line.product_id for order in requests for line in order.lines if line.product_id},
        skus={line.sku for order in requests for line in order.lines if line.sku is not None},
        lock=lock,
    )
    known = _known_orders({request.key for request in requests})
    ids = reserve_ids(Order, len(requests))
    decisions = decide(requests, products, known)
    accepted = {
        order_id: decision
        for order_id, decision in zip(ids, decisions, strict=True)
        if isinstance(decision, Accepted)
    }
    answers = _write(accepted) if accepted else {}
    outcomes: list[Outcome] = []
    for order_id, decision in zip(ids, decisions, strict=True):
        match decision:
            case Accepted():
                outcomes.append(PlacedOrder(order_id, answers[order_id], replayed=False))
            case KnownOrder():
                outcomes.append(PlacedOrder(decision.id, decision.first_answer, replayed=True))
            case Repeated(position):
                outcomes.append(PlacedOrder(ids[position], answers[ids[position]], replayed=True))
            case refusal:
                outcomes.append(refusal)
    return outcomes


def _write(accepted: Mapping[int, Accepted]) -> dict[int, str]:
    """Write the orders and, last, take their stock; return the answers by the orders' ids."""
    answers = write_orders(accepted)
    prices = {
        line.product.id: line.product.price for order in accepted.values() for line in order.lines
    }
    moves = [
        move
        for order_id, order in accepted.items()
        for move in stock_moves(
            order_id,
            {product_id: -count for product_id, count in units(order.lines).items()},
            revision=1,
            actor=order.request.actor,
        )
    ]
    take_stock(moves=moves, prices=prices)
    return answers


def _known_orders(keys: Collection[Key]) -> dict[Key, KnownOrder]:
    rows = Order.objects.with_keys(keys).values_list(
        "client_id", "idempotency_key", "pk", "fingerprint", "first_answer"
    )
    return {
        (client_id, key): KnownOrder(order_id, fingerprint, first_answer)
        for client_id, key, order_id, fingerprint, first_answer in rows
    }

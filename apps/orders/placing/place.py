"""Placing orders: one transaction for all of them; read, decide, write.

Products are read without a lock and their rows are taken only by the last statement, so that a
product that everybody wants is held from there to the commit and no longer. What was read may have
changed by then; the database notices, and the batch is done again with the rows locked first
(optimistic concurrency control with a locking fallback: Kung & Robinson, ACM TODS 6(2), 1981).
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache

from django.db import IntegrityError, OperationalError

from apps.orders.exceptions import OrdersError
from apps.orders.metrics import count_outcomes
from apps.orders.microservice_communication import Lock, read_products, take_stock
from apps.orders.models import Order
from apps.orders.placing.deciding import Accepted, KnownOrder, Repeated, decide
from apps.orders.placing.pricing import units
from apps.orders.placing.requests import Key, OrderRequest, PlacedOrder
from apps.orders.placing.statements import stock_moves, write_orders
from monoservices.database.engines import engine
from monoservices.database.errors import is_lock_timeout
from monoservices.database.rows import ColumnTypes, row_parameters, rows_from
from monoservices.database.statements import PendingRows, enqueue

Outcome = PlacedOrder | OrdersError

# The third pass is for two batches with the same key and no product in common: the second pass
# of the later one waits for the earlier one's key, and only the third sees it.
_PASSES = 3
_KEY: ColumnTypes = {"client_id": "bigint", "key": "text"}


def place_order(request: OrderRequest) -> PlacedOrder:
    """Place one order. Raises the OrdersError that refuses it."""
    outcome = place_orders([request])[0]
    if isinstance(outcome, OrdersError):
        raise outcome
    return outcome


def place_orders(requests: Sequence[OrderRequest], *, skip_held: bool = False) -> list[Outcome]:
    """Place orders in one transaction and return what became of each, in the same order.

    A request is accepted, replayed or refused alone; what refuses it is returned, not raised.
    The number of statements does not depend on the number of requests, and on PostgreSQL they take
    two round trips. When this returns, what is placed is committed, unless the caller has a
    transaction of its own around it.
    skip_held: do not wait for a product that somebody else has locked, but refuse those who need
        it with ProductHeld; without it, that is what happens after `lock_timeout`.
    Raises OperationalError for a passing fault of the database; then nothing was placed.
    """
    lock: Lock = "skip" if skip_held else "none"
    for _ in range(_PASSES - 1):
        try:
            return _attempt(requests, lock=lock)
        except IntegrityError:
            lock = "wait" if lock == "none" else lock
        except OperationalError as error:
            if lock == "skip" or not is_lock_timeout(error):
                raise
            lock = "skip"
    return _attempt(requests, lock=lock)


def _attempt(requests: Sequence[OrderRequest], *, lock: Lock) -> list[Outcome]:
    with engine().pipelined_transaction():
        known_orders = _send_keys({request.key for request in requests})
        reserved = engine().reserve_ids(Order, len(requests))
        # The first look at an answer: what was sent above goes out with it.
        products = read_products(
            ids={line.product_id for order in requests for line in order.lines if line.product_id},
            skus={line.sku for order in requests for line in order.lines if line.sku is not None},
            lock=lock,
        )
        ids = [key for (key,) in reserved.fetch()]
        decisions = decide(requests, products, _known(known_orders))
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
    count_outcomes(outcomes)
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


def _send_keys(keys: Collection[Key]) -> PendingRows:
    rows = [{"client_id": client_id, "key": key} for client_id, key in keys]
    return enqueue(_known_statement(), row_parameters(_KEY, rows))


def _known(orders: PendingRows) -> dict[Key, KnownOrder]:
    return {
        (client_id, key): KnownOrder(order_id, fingerprint, first_answer)
        for client_id, key, order_id, fingerprint, first_answer in orders.fetch()
    }


@cache
def _known_statement() -> str:
    return f"""
        SELECT o.client_id, o.idempotency_key, o.id, o.fingerprint, o.first_answer
        FROM {rows_from(_KEY)}
        JOIN orders_order AS o ON o.client_id = r.client_id AND o.idempotency_key = r.key
    """  # noqa: S608 - made of constants

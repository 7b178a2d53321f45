"""Placing orders: one transaction for all of them; read, decide, write.

Products are read without a lock. Only the last statement locks their rows, so that a product that
everybody wants is locked from there to the commit and no longer. What was read may have changed by
then. The database notices, and the batch starts over with the rows locked first (optimistic
concurrency control with a locking fallback: Kung & Robinson, ACM TODS 6(2), 1981).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import overload

from django.db import IntegrityError, OperationalError

from apps.orders.exceptions import AmbiguousName, OrdersError
from apps.orders.microservice_communication import Lock, client_id_for, get_products_named
from apps.orders.models import Order
from apps.orders.placing.attempt import HoldsNeeded, Outcome, attempt
from apps.orders.placing.requests import LineRequest, OrderRequest, PlacedOrder, order_request
from monoservices.database.errors import is_lock_timeout
from monoservices.services.scopes import Check

_CONFLICTS = 2
"""How often a batch starts over because something read has changed or a lock was waited for in
vain: with locks, and once more. The last pass is for two batches that share a key and no product:
the second pass of the later batch waits for the earlier one's key, and only the third sees the
earlier order."""
_TAKINGS = 3
"""How often a batch starts over to lock expired holds that it needs."""


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
    round trips. A batch that needs the units of expired holds, or that replaces orders, takes more:
    it locks those orders first. When this returns, the placed orders are committed, unless the
    caller has a transaction of its own around it.
    skip_held: do not wait for a product that another transaction has locked, but refuse the orders
        that need it with ProductHeld; without it, this happens after `lock_timeout`.
    at: the moment it happened, which says what has expired; now where it is None.
    check: asks which requests may be placed, in the first of the round trips. The outcome of the
        others is None: they are not decided, and lock nothing.
    Raises OperationalError for a passing fault of the database; then nothing was placed, unless
    the outcome is not known (`monoservices.database.errors.is_outcome_unknown`).
    """
    lock: Lock = "skip" if skip_held else "none"
    if lock == "none" and any(request.replaces for request in requests):
        lock = "wait"
    needed: frozenset[int] = frozenset()
    conflicts = takings = 0
    while True:
        may_take = takings < _TAKINGS
        try:
            return attempt(
                requests, lock=lock, needed=needed, may_take=may_take, at=at, check=check
            )
        except HoldsNeeded as found:
            takings += 1
            needed |= found.product_ids
            lock = "wait" if lock == "none" else lock
        except IntegrityError:
            if conflicts == _CONFLICTS:
                raise
            conflicts += 1
            lock = "wait" if lock == "none" else lock
        except OperationalError as error:
            if conflicts == _CONFLICTS or lock == "skip" or not is_lock_timeout(error):
                raise
            conflicts += 1
            lock = "skip"

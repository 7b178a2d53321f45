"""Corrects the errors that an audit has found, by movements."""

from collections.abc import Iterable, Iterator

from django.db import transaction

from apps.orders.books.audit import Discrepancy, differences, moved_units
from apps.orders.books.parts import read_written
from apps.orders.books.suspects import PREFIX
from apps.orders.locking import lock_order
from apps.orders.microservice_communication import Moved, correct_ledger, correct_reference
from monoservices.api.problems import Problem

NOTE = "reconcile --repair"


def repair(found: Iterable[Discrepancy]) -> Iterator[str]:
    """Write the missing movements; yield, for people, what was corrected and what was not.

    Each order and each product is checked again under its lock, in a transaction of its own.
    Orders come first: a movement that an order lacks may be why stock and ledger differ.
    """
    found = list(found)
    for order_id in sorted({each.order_id for each in found if each.order_id is not None}):
        try:
            deltas = repair_order(order_id=order_id)
        except Problem as problem:
            yield f"Order {order_id}: not corrected. {problem.detail}"
        else:
            for product_id, delta in deltas.items():
                by = _told(delta)
                yield f"Order {order_id}: movements of product {product_id} corrected by {by}."
    for product_id in sorted({each.product_id for each in found if each.product_id is not None}):
        delta = correct_ledger(product_id=product_id, note=NOTE)
        if delta != Moved():
            yield f"Product {product_id}: ledger corrected by {_told(delta)}."


@transaction.atomic
def repair_order(*, order_id: int) -> dict[int, Moved]:
    """Make an order's movements match its lines, and return the corrections by product id.

    Raises OrderNotFound, and a Problem where a product's stock would leave its bounds; then
    nothing is corrected.
    """
    order = lock_order(order_id)
    restocked = read_written([order_id])[order_id].restocked
    deltas = differences(order, moved_units([order_id])[order_id], restocked)
    correct_reference(reference=f"{PREFIX}{order_id}", deltas=deltas, note=NOTE)
    return deltas


def _told(units: Moved) -> str:
    """Such as "+2", "+2 and -2 committed" or "-2 committed"."""
    told = [f"{units.delta:+}"] if units.delta else []
    if units.committed_delta:
        told.append(f"{units.committed_delta:+} committed")
    return " and ".join(told)

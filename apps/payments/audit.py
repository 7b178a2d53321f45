"""Checks that what orders say is paid is what payments and refunds sum to."""

from collections.abc import Iterator
from decimal import Decimal
from heapq import merge
from itertools import groupby
from operator import itemgetter

from django.db.models import Case, F, Sum, When

from apps.payments.microservice_communication import paid_amounts
from apps.payments.models import Payment

CHUNK_SIZE = 1_000
"""How many rows are fetched at once."""


def audit() -> Iterator[str]:
    """Every order whose `paid` is not its payments minus its refunds. Two statements.

    Call it in one consistent snapshot. Its memory does not grow with the number of payments.
    """
    kept = ((order_id, 0, amount) for order_id, amount in _sums())
    said = ((order_id, 1, amount) for order_id, amount in paid_amounts())
    for order_id, group in groupby(merge(kept, said), key=itemgetter(0)):
        amounts = {side: amount for _, side, amount in group}
        of_payments, of_order = (amounts.get(side, Decimal("0.00")) for side in (0, 1))
        if of_payments != of_order:
            yield f"Order {order_id}: {of_order} is paid, but its payments sum to {of_payments}."


def _sums() -> Iterator[tuple[int, Decimal]]:
    """(order id, payments minus refunds), by id."""
    signed = Case(When(kind="refund", then=-F("amount")), default=F("amount"))
    sums = Payment.objects.values("order_id").annotate(sum=Sum(signed)).order_by("order_id")
    for order_id, amount in sums.values_list("order_id", "sum").iterator(CHUNK_SIZE):
        # SQLite sums amounts as floating-point numbers.
        yield order_id, round(Decimal(amount), 2)

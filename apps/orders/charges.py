"""Changing the charges of a pending order."""

from collections.abc import Iterable, Sequence
from typing import Any

from apps.orders.exceptions import PriceNotAllowed
from apps.orders.models import Order, OrderCharge
from apps.orders.placing.pricing import charged_by
from apps.orders.placing.requests import Charge
from apps.orders.placing.statements import write_charges


def replace_charges(
    order: Order, charges: Sequence[Charge], *, may_set_prices: bool
) -> dict[str, Any]:
    """Replace all charges of a locked order, and set `order.charges_total`, which is not saved.

    may_set_prices: whether the charges may sum to less than before.
    Returns what the event keeps: not the labels, which may be personal.
    Raises PriceNotAllowed.
    """
    before = list(order.own_charges())
    charged = charged_by(charges)
    if (charged or 0) < (order.charges_total or 0) and not may_set_prices:
        message = f"Charges of less than {order.charges_total or 0} need the scope orders:price."
        raise PriceNotAllowed(errors={"charges": [message]})
    if before:
        order.charges.all().delete()
    if charges:
        write_charges(order.pk, charges)
    order.charges_total = charged
    return {"charges_before": _for_event(before), "charges_after": _for_event(charges)}


def _for_event(charges: Iterable[OrderCharge | Charge]) -> list[dict[str, str]]:
    return [{"type": charge.type, "amount": str(charge.amount)} for charge in charges]

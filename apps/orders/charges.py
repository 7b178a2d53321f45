"""Changing the charges of a pending order."""

from collections.abc import Iterable, Sequence
from typing import Any

from apps.orders.exceptions import PriceNotAllowed
from apps.orders.models import Order, OrderCharge
from apps.orders.placing.pricing import charged_by
from apps.orders.placing.requests import Charge
from apps.orders.placing.statements import write_charges


def set_charges_total(order: Order, charges: Sequence[Charge], *, may_set_prices: bool) -> None:
    """Set what the charges of a locked order will sum to. Nothing is written.

    may_set_prices: whether that may be less than before. Raises PriceNotAllowed.
    """
    charged, before = charged_by(charges), order.charges_total or 0
    if (charged or 0) < before and not may_set_prices:
        message = f"Charges of less than {before} need the scope orders:price."
        raise PriceNotAllowed(errors={"charges": [message]})
    order.charges_total = charged


def replace_charges(order: Order, charges: Sequence[Charge]) -> dict[str, Any]:
    """Write all charges of a locked order anew.

    Returns what the event keeps: not the labels, which may be personal.
    """
    before = list(order.charges.all())
    if before:
        order.charges.all().delete()
    if charges:
        write_charges(order.pk, charges)
    return {"charges_before": _for_event(before), "charges_after": _for_event(charges)}


def _for_event(charges: Iterable[OrderCharge | Charge]) -> list[dict[str, str]]:
    return [{"type": charge.type, "amount": str(charge.amount)} for charge in charges]

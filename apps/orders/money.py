"""What is due for an order, and whether it is paid: the rule, and the same rule as conditions.

`paid` is None for orders of which nobody keeps payments; then there is no payment status.
"""

from decimal import Decimal

from django.db.models import F, Q
from django.db.models.functions import Round

from apps.orders.placing.rules import NOTHING
from monoservices.services.config import is_provided

PAYMENT_STATUSES = ("unpaid", "partly_paid", "paid", "overpaid")

KEEPS_PAYMENTS = "payments of orders"
"""What a service provides that keeps payments of orders and calls `operations.receive_money`."""

_CANCELED = "canceled"


def paid_at_first() -> Decimal | None:
    """What is paid for an order when it is placed: nothing, or None where nobody keeps payments."""
    return NOTHING if is_provided(KEEPS_PAYMENTS) else None


def due_of(status: str, total: Decimal, credited: Decimal) -> Decimal:
    """What an order costs: its total less what returns credit, and nothing once it is canceled."""
    return NOTHING if status == _CANCELED else total - credited


def payment_status_of(status: str, paid: Decimal | None, due: Decimal) -> str | None:
    """One of PAYMENT_STATUSES; None where `paid` is None.

    More is paid than is due exactly where it is `overpaid`: then the order needs a refund.
    """
    if paid is None:
        return None
    if paid > due:
        return "overpaid"
    if paid == due and status != _CANCELED:
        return "paid"
    return "partly_paid" if paid else "unpaid"


OWED = ("due", "payment_status", "needs_refund")
"""What an answer says of an order's money, beside what its row says."""


def owed(
    status: str, total: Decimal, credited: Decimal, paid: Decimal | None
) -> tuple[Decimal, str | None, bool]:
    """The values of OWED."""
    due = due_of(status, total, credited)
    payment_status = payment_status_of(status, paid, due)
    return due, payment_status, payment_status == "overpaid"


def with_payment_status(status: str) -> Q:
    """The orders of which `payment_status_of` says this."""
    canceled, nothing = Q(status=_CANCELED), Q(paid=0)
    # SQLite subtracts amounts as floating-point numbers.
    due = Round(F("total") - F("credited"), 2)
    return {
        "overpaid": ~canceled & Q(paid__gt=due) | canceled & Q(paid__gt=0),
        "paid": ~canceled & Q(paid=due),
        "partly_paid": ~canceled & Q(paid__gt=0, paid__lt=due),
        "unpaid": nothing & (canceled | Q(total__gt=F("credited"))),
    }[status]


def needing_refund() -> Q:
    """The orders for which more is paid than is due."""
    return with_payment_status("overpaid")

"""Limits of an order, and the events that can happen to it."""

from decimal import Decimal

MAX_TOTAL = Decimal("999999999999.99")
MAX_PRICE = Decimal("99999999.99")
MAX_QUANTITY = 1_000_000
MAX_LINES = 2_000
MAX_CHARGES = 100
MAX_TAX_RATE = 100
"""In percent."""
MAX_JSON_BYTES = 4096
"""How large a JSON object of the client's own may be, such as `metadata`."""

CHARGES = ("shipping", "discount", "fee", "rounding")
"""What an order may cost beside its lines."""

STATUSES = ("pending", "shipped", "delivered", "canceled")

EVENTS = {
    "placed": ("", "pending"),
    "changed": ("pending", "pending"),
    "shipped": ("pending", "shipped"),
    "delivered": ("shipped", "delivered"),
    "canceled": ("pending", "canceled"),
}
"""Each type of event, with the order's status before and after it."""


def can_become(status: str, next_status: str) -> bool:
    """Whether an order may move from one status to another."""
    return (status, next_status) in EVENTS.values()

"""Limits of an order, and the events that can happen to it."""

from decimal import Decimal

NOTHING = Decimal("0.00")
MAX_TOTAL = Decimal("999999999999.99")
MAX_PAID = Decimal("9999999999999.99")
"""The most that an order can have been paid. SQLite keeps amounts of 15 digits exactly."""
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

MIN_HOLD_SECONDS = 60
MAX_HOLD_SECONDS = 2_592_000
"""30 days: how long after it was placed an order can be held."""

_UNCHANGED = tuple((status, status) for status in STATUSES)
EVENTS = {
    "placed": (("", "pending"),),
    "confirmed": (("pending", "pending"),),
    # A change can leave nothing open of an order of which something was shipped.
    "changed": (("pending", "pending"), ("pending", "shipped"), ("pending", "delivered")),
    # Some units, or everything that was open.
    "shipped": (("pending", "shipped"), ("pending", "pending")),
    # A shipment, while others are under way or units are open.
    "delivered": (("shipped", "delivered"), ("shipped", "shipped"), ("pending", "pending")),
    "canceled": (
        ("pending", "canceled"),
        # Some units, or everything that was open of an order of which something was shipped.
        *(("pending", "pending"), ("pending", "shipped"), ("pending", "delivered")),
    ),
    "revived": (("canceled", "pending"),),
    "paid": _UNCHANGED,
    "refunded": _UNCHANGED,
    "returned": (("pending", "pending"), ("shipped", "shipped"), ("delivered", "delivered")),
}
"""Each type of event, with every pair of the order's status before and after it."""

FIRM = ("confirmed", "revived")
"""The events after which an order is never held again."""


def can_become(status: str, next_status: str) -> bool:
    """Whether an order may move from one status to another, by the event of the same name."""
    return status != next_status and (status, next_status) in EVENTS.get(next_status, ())


CARRIER_LENGTH, TRACKING_LENGTH, URL_LENGTH, REASON_LENGTH = 100, 100, 500, 500
"""How many characters a carrier's name, a tracking number, its URL and a reason may have."""

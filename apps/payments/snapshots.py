"""What payments know of an order."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct


class DemoOrder(Struct, frozen=True):
    """An order of the demo shop. total, due: in its currency. at: when it changed last."""

    id: int
    total: Decimal
    due: Decimal
    at: datetime


class PaidOrder(Struct, frozen=True):
    """An order after money was received for it or given back, as it is in that transaction.

    client_id: whose order it is. paid, due: in the order's currency. at: when it happened.
    """

    id: int
    client_id: int
    currency: str
    status: str
    paid: Decimal
    due: Decimal
    payment_status: str
    at: datetime

"""What shipping and returning take: requests that are valid before the order is read."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal

import msgspec
from msgspec import Struct

from apps.orders.fulfilment.goods import LineUnits


class Followed(Struct, frozen=True, kw_only=True):
    """Where a shipment can be followed: the fields of its Tracking."""

    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""


class ShipmentRequest(Struct, frozen=True, kw_only=True):
    """Units of an order to ship.

    lines: everything that is open where it is None. version: the order's that the caller has seen.
    idempotency_key: None to ship the whole order as one step of its status, which leaves an order
        that is shipped as it is.
    """

    order_id: int
    actor: str
    idempotency_key: str | None = None
    lines: tuple[LineUnits, ...] | None = None
    followed: Followed = Followed()
    version: int | None = None

    @property
    def fingerprint(self) -> str:
        """Of what two requests with the same key must agree on. Tracking may have been erased."""
        return fingerprint_of(self.lines)


class ReturnedUnits(LineUnits, frozen=True, kw_only=True):
    """Units of one line that came back.

    restock: whether they are on sale again. credit: how much less is due for the order, in its
    currency; None for their price, as far as that is due. reason: for people; it can be erased.
    """

    restock: bool
    credit: Decimal | None = None
    reason: str = ""


class ReturnRequest(Struct, frozen=True, kw_only=True):
    """Units of an order that came back. charges_credit: of the order's charges, at least 0."""

    lines: tuple[ReturnedUnits, ...]
    charges_credit: Decimal = Decimal("0.00")

    @property
    def fingerprint(self) -> str:
        """Of what two requests with the same key must agree on. Reasons may have been erased."""
        return fingerprint_of(self.lines, self.charges_credit)


def fingerprint_of(lines: Sequence[LineUnits] | None, *further: Decimal) -> str:
    """SHA-256, in hex, of which units of which lines; their order counts."""
    without = {"path", "reason"}
    named = [
        {name: getattr(line, name) for name in line.__struct_fields__ if name not in without}
        for line in lines or ()
    ]
    canonical = msgspec.json.encode([lines is None, named, further], order="deterministic")
    return hashlib.sha256(canonical).hexdigest()

"""What clients send about shipments, returns and canceled units, as structs."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from apps.orders.fulfilment.goods import LineUnits
from apps.orders.fulfilment.requests import Followed, ReturnedUnits, ReturnRequest
from apps.orders.placing.rules import (
    CARRIER_LENGTH,
    MAX_LINES,
    MAX_QUANTITY,
    REASON_LENGTH,
    TRACKING_LENGTH,
    URL_LENGTH,
)
from monoservices.api.pagination import DEFAULT_LIMIT, Cursor, Limit
from monoservices.api.problems import Errors, Invalid
from monoservices.api.types import NO_NUL, WEB_ADDRESS, Id, LargeMoney, Moment, Sku, money

Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY, examples=[1])]
Carrier = Annotated[str, Meta(max_length=CARRIER_LENGTH, pattern=NO_NUL, examples=["DHL"])]
TrackingNumber = Annotated[
    str, Meta(max_length=TRACKING_LENGTH, pattern=NO_NUL, examples=["JD014600003828392837"])
]
TrackingUrl = Annotated[
    str,
    Meta(max_length=URL_LENGTH, pattern=WEB_ADDRESS, examples=["https://example.org/follow/17"]),
]
Reason = Annotated[str, Meta(max_length=REASON_LENGTH, pattern=NO_NUL, examples=["Too small"])]


class UnitsIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Units of a line, by its `line_id`, or by its `sku` if the order has one line of that."""

    quantity: Quantity
    line_id: Id | UnsetType = UNSET
    sku: Sku | UnsetType = UNSET


class ReturnedUnitsIn(UnitsIn, forbid_unknown_fields=True, kw_only=True):
    """Units that came back. restock: whether they are on sale again.

    credit: how much less is due for the order; the line's price without it.
    """

    restock: bool
    credit: LargeMoney | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET


Units = Annotated[list[UnitsIn], Meta(min_length=1, max_length=MAX_LINES)]
ReturnedLines = Annotated[list[ReturnedUnitsIn], Meta(min_length=1, max_length=MAX_LINES)]


class CancelIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Which units to cancel; everything that is open without `lines`."""

    lines: Units | UnsetType = UNSET


class TrackingIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Where a shipment can be followed. An empty text erases what was there."""

    carrier: Carrier | UnsetType = UNSET
    tracking_number: TrackingNumber | UnsetType = UNSET
    tracking_url: TrackingUrl | UnsetType = UNSET

    def sent(self) -> dict[str, str]:
        """The values that were sent."""
        fields = Followed.__struct_fields__
        return {name: value for name in fields if (value := getattr(self, name)) is not UNSET}


class ShipmentIn(TrackingIn, forbid_unknown_fields=True, kw_only=True):
    """Units to ship; everything that is open without `lines`."""

    lines: Units | UnsetType = UNSET

    def followed(self) -> Followed:
        return structs.replace(Followed(), **self.sent())


class ReturnIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Units that came back. charges_credit: what is credited of the order's charges besides."""

    lines: ReturnedLines
    charges_credit: LargeMoney | UnsetType = UNSET


def line_units(lines: Sequence[UnitsIn] | UnsetType) -> tuple[LineUnits, ...] | None:
    """Units as the operations take them; None for everything that is open. Raises Invalid."""
    if lines is UNSET:
        return None
    _refuse_unnamed(lines)
    return tuple(LineUnits(**_named(index, line)) for index, line in enumerate(lines))


def return_request(parsed: ReturnIn) -> ReturnRequest:
    """What `return_goods` takes. Raises Invalid."""
    _refuse_unnamed(parsed.lines)
    lines = (
        ReturnedUnits(
            **_named(index, line),
            restock=line.restock,
            credit=None if line.credit is UNSET else money(line.credit),
            reason=line.reason or "",
        )
        for index, line in enumerate(parsed.lines)
    )
    credit = Decimal("0.00") if parsed.charges_credit is UNSET else money(parsed.charges_credit)
    return ReturnRequest(lines=tuple(lines), charges_credit=credit)


def _named(index: int, line: UnitsIn) -> dict[str, Any]:
    return {
        "path": f"lines.{index}",
        "quantity": line.quantity,
        "line_id": line.line_id or None,
        "sku": line.sku or None,
    }


def _refuse_unnamed(lines: Sequence[UnitsIn]) -> None:
    errors: Errors = {
        f"lines.{index}.line_id": ["Send either line_id or sku."]
        for index, line in enumerate(lines)
        if (line.line_id is UNSET) == (line.sku is UNSET)
    }
    if errors:
        raise Invalid(errors=errors)


class ReturnFilters(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of an export of returns."""

    order_id: Id | UnsetType = UNSET
    created_after: Moment | UnsetType = UNSET
    created_before: Moment | UnsetType = UNSET

    def filters(self) -> dict[str, Any]:
        """Conditions for the filter of a QuerySet."""
        conditions = {
            "order": self.order_id,
            "created_at__gt": self.created_after,
            "created_at__lt": self.created_before,
        }
        return {field: value for field, value in conditions.items() if value is not UNSET}


class ShipmentFilters(ReturnFilters, forbid_unknown_fields=True, kw_only=True):
    """The query string of an export of shipments."""

    status: Literal["shipped", "delivered"] | UnsetType = UNSET
    tracking_number: TrackingNumber | UnsetType = UNSET

    def filters(self) -> dict[str, Any]:
        conditions = super().filters()
        if self.status is not UNSET:
            conditions["delivery__isnull"] = self.status == "shipped"
        if self.tracking_number is not UNSET:
            conditions["tracking__tracking_number"] = self.tracking_number
        return conditions


class ShipmentQuery(ShipmentFilters, kw_only=True):
    """The query string of the list of shipments, newest first."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET


class ReturnQuery(ReturnFilters, kw_only=True):
    """The query string of the list of returns, newest first."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET


class PartsQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of the shipments or returns of an order, oldest first."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET

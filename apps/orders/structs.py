"""What clients send, as structs; `serializers` turns it into calls of operations."""

import re
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from apps.orders.placing.rules import (
    MAX_CHARGES,
    MAX_HOLD_SECONDS,
    MAX_LINES,
    MAX_QUANTITY,
    MIN_HOLD_SECONDS,
)
from monoservices.api.pagination import DEFAULT_LIMIT, Cursor, Limit
from monoservices.api.problems import Invalid
from monoservices.api.types import (
    NO_NUL,
    Email,
    Id,
    JsonObject,
    LargeMoney,
    Moment,
    Money,
    Percentage,
    SearchText,
    ShortText,
    SignedMoney,
    Sku,
)

StatusFilter = Annotated[
    Literal["pending", "shipped", "delivered", "canceled"], Meta(title="OrderStatus")
]
PaymentStatusFilter = Annotated[
    Literal["unpaid", "partly_paid", "paid", "overpaid"], Meta(title="PaymentStatus")
]
ChargeType = Annotated[Literal["shipping", "discount", "fee", "rounding"], Meta(title="ChargeType")]
HoldSeconds = Annotated[int, Meta(ge=MIN_HOLD_SECONDS, le=MAX_HOLD_SECONDS, examples=[900])]
Label = Annotated[str, Meta(max_length=200, pattern=NO_NUL, examples=["Parcel"])]
Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY, examples=[2])]
_ETAG = re.compile(r'"([0-9]{1,9})"', re.ASCII)


class LineIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """One product to order, by its id or its SKU; unit_price needs the scope orders:price."""

    quantity: Quantity
    product_id: Id | UnsetType = UNSET
    sku: Sku | UnsetType = UNSET
    unit_price: Money | UnsetType = UNSET
    tax_rate: Percentage | UnsetType | None = UNSET
    tax_amount: LargeMoney | UnsetType | None = UNSET


class ChargeIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What an order costs beside its lines; an amount below 0 needs the scope orders:price."""

    type: ChargeType
    amount: SignedMoney
    label: Label | UnsetType = UNSET
    tax_rate: Percentage | UnsetType | None = UNSET
    tax_amount: SignedMoney | UnsetType | None = UNSET


Charges = Annotated[list[ChargeIn], Meta(max_length=MAX_CHARGES)]
Lines = Annotated[list[LineIn], Meta(min_length=1, max_length=MAX_LINES)]


class OrderDetails(Struct, forbid_unknown_fields=True, kw_only=True):
    """What an order says beside its products."""

    reference: Annotated[ShortText, Meta(examples=["web-17"])] | UnsetType = UNSET
    customer_email: Email | UnsetType = UNSET
    shipping_address: JsonObject | UnsetType = UNSET
    metadata: JsonObject | UnsetType = UNSET
    charges: Charges | UnsetType = UNSET
    expected_total: LargeMoney | UnsetType = UNSET
    hold_seconds: HoldSeconds | UnsetType = UNSET


class NewOrderDetails(OrderDetails, forbid_unknown_fields=True, kw_only=True):
    """What an order that is placed says beside its products."""

    replaces: Id | UnsetType = UNSET


class OrderIn(NewOrderDetails, forbid_unknown_fields=True, kw_only=True):
    """An order to place, in either form. `check_order` requires one of them."""

    product_id: Id | UnsetType = UNSET
    quantity: Quantity | UnsetType = UNSET
    lines: Lines | UnsetType = UNSET


class OrderOfOneProduct(NewOrderDetails, forbid_unknown_fields=True, kw_only=True):
    """An order of one product."""

    product_id: Id
    quantity: Quantity


class OrderOfLines(NewOrderDetails, forbid_unknown_fields=True, kw_only=True):
    """An order of one or more lines."""

    lines: Lines


NewOrder = OrderOfLines | OrderOfOneProduct
"""The forms of OrderIn, for the OpenAPI document. Code generators make a type of each."""


EXAMPLES = {
    "lines": {
        "lines": [{"product_id": 1, "quantity": 2}, {"sku": "MUG-BLUE", "quantity": 1}],
        "reference": "web-17",
        "customer_email": "ann@example.org",
        "shipping_address": {"name": "Ann", "street": "1 Main Street", "city": "Springfield"},
        "metadata": {"gift": True},
        "charges": [{"type": "shipping", "label": "Parcel", "amount": "4.90"}],
        "expected_total": "34.87",
    },
    "one_product": {"product_id": 1, "quantity": 2},
}
"""Orders to place, for the OpenAPI document."""


class OrderChanges(OrderDetails, forbid_unknown_fields=True, kw_only=True):
    """What to change of a pending order: its one product or quantity, or all lines or charges.

    hold_seconds: of a held order, from now on; 30 days after it was placed at most.
    """

    product_id: Id | UnsetType = UNSET
    quantity: Quantity | UnsetType = UNSET
    lines: Lines | UnsetType = UNSET


class OrderFilters(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of an export of orders."""

    search: SearchText | UnsetType = UNSET
    status: StatusFilter | UnsetType = UNSET
    held: bool | UnsetType = UNSET
    reference: ShortText | UnsetType = UNSET
    customer_email: Email | UnsetType = UNSET
    product_id: Id | UnsetType = UNSET
    payment_status: PaymentStatusFilter | UnsetType = UNSET
    needs_refund: bool | UnsetType = UNSET
    partly_shipped: bool | UnsetType = UNSET
    shipped_after: Moment | UnsetType = UNSET
    created_after: Moment | UnsetType = UNSET
    created_before: Moment | UnsetType = UNSET
    updated_after: Moment | UnsetType = UNSET

    def filters(self) -> dict[str, Any]:
        """Conditions for `OrderQuerySet.filter`."""
        conditions = {
            "status": self.status,
            "reference": self.reference,
            "customer_email": self.customer_email,
            "created_at__gt": self.created_after,
            "created_at__lt": self.created_before,
            "updated_at__gt": self.updated_after,
        }
        return {field: value for field, value in conditions.items() if value is not UNSET}


class OrderQuery(OrderFilters, kw_only=True):
    """The query string of the list of orders, newest first."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET


class EventQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of an order's history."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET


def version_in(if_match: str | None) -> int | None:
    """The version in an If-Match header, or None without it. Raises Invalid."""
    if if_match is None:
        return None
    match = _ETAG.fullmatch(if_match)
    if match is None:
        raise Invalid(errors={"If-Match": ['Expected the ETag of an order, such as "1".']})
    return int(match[1])

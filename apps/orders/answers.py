"""What a response says of an order, as structs."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from apps.orders.money import OWED, PAYMENT_STATUSES, owed
from apps.orders.placing.rules import EVENTS, STATUSES
from apps.orders.structs import ChargeType
from monoservices.api.types import AnyObject, Moment

Status = Annotated[str, Meta(title="OrderStatus", extra_json_schema={"enum": sorted(STATUSES)})]
PaymentStatus = Annotated[
    str, Meta(title="PaymentStatus", extra_json_schema={"enum": sorted(PAYMENT_STATUSES)})
]
CanceledBecause = Annotated[
    str, Meta(title="CanceledBecause", extra_json_schema={"enum": ["requested", "expired"]})
]


class LineOut(Struct):
    """One line of an order, with SKU, name and price as they were when it was ordered.

    What is neither shipped nor canceled of the quantity is open. `quantity` is that of the whole
    line, whatever became of it.
    """

    id: int
    product_id: int
    sku: str
    product_name: str
    unit_price: Decimal
    quantity: int
    shipped_quantity: int
    canceled_quantity: int
    returned_quantity: int
    tax_rate: Decimal | None
    tax_amount: Decimal | None


class ChargeOut(Struct):
    """What an order costs beside its lines."""

    type: ChargeType
    label: str
    amount: Decimal
    tax_rate: Decimal | None
    tax_amount: Decimal | None


class OrderOut(Struct):
    """An order in a response; an order of one line repeats its product and quantity at the top."""

    id: int
    status: Status
    currency: str
    total: Decimal
    credited: Decimal
    paid: Decimal | None
    due: Decimal
    payment_status: PaymentStatus | None
    needs_refund: bool
    reference: str
    customer_email: str
    shipping_address: AnyObject
    metadata: AnyObject
    lines: list[LineOut]
    charges: list[ChargeOut]
    held_until: Moment | None
    canceled_because: CanceledBecause | None
    created_at: Moment
    updated_at: Moment
    product_id: int | UnsetType = UNSET
    quantity: int | UnsetType = UNSET

    def __post_init__(self) -> None:
        if len(self.lines) == 1:
            self.product_id, self.quantity = self.lines[0].product_id, self.lines[0].quantity


_OTHERS = {*OWED, "lines", "charges", "product_id", "quantity"}
ORDER_COLUMNS = tuple(name for name in OrderOut.__struct_fields__ if name not in _OTHERS)
"""The fields of OrderOut that are columns of an order's row; others are computed or of lines."""
_AFTER_PAID = ORDER_COLUMNS.index("paid") + 1
_AFTER_DETAILS = ORDER_COLUMNS.index("metadata") + 1
_order_fields = itemgetter(*ORDER_COLUMNS)
_line_fields = itemgetter(*LineOut.__struct_fields__)
_charge_fields = itemgetter(*ChargeOut.__struct_fields__)


def order_out(
    order: Mapping[str, Any],
    lines: Iterable[Mapping[str, Any]],
    charges: Iterable[Mapping[str, Any]],
) -> OrderOut:
    """An order in a response, from the columns of its row and of the rows that belong to it."""
    return whole_order(
        _order_fields(order),
        [LineOut(*_line_fields(line)) for line in lines],
        [ChargeOut(*_charge_fields(charge)) for charge in charges],
    )


def whole_order(columns: Sequence[Any], lines: list[LineOut], charges: list[ChargeOut]) -> OrderOut:
    """An order in a response. columns: the values of ORDER_COLUMNS."""
    _, status, _, total, credited, paid, *_ = columns
    if status == "canceled":
        for line in lines:
            line.canceled_quantity = line.quantity
    values: list[Any] = [
        *columns[:_AFTER_PAID],
        *owed(status, total, credited, paid),
        *columns[_AFTER_PAID:_AFTER_DETAILS],
        lines,
        charges,
        *columns[_AFTER_DETAILS:],
    ]
    return OrderOut(*values)


class EventOut(Struct, kw_only=True):
    """One event of an order's history. version: the order's after it; null in old events."""

    id: int
    version: int | None
    type: Annotated[str, Meta(extra_json_schema={"enum": [*EVENTS]})]
    from_status: Annotated[str, Meta(extra_json_schema={"enum": ["", *STATUSES]})]
    to_status: Status
    actor: str
    data: AnyObject
    created_at: Moment

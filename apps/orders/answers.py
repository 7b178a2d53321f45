"""What a response says of an order, as structs."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from apps.orders.money import NOTHING, PAYMENT_STATUSES, owed
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
    """One line of an order, with SKU, name and price as they were when it was ordered."""

    product_id: int
    sku: str
    product_name: str
    unit_price: Decimal
    quantity: int
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


_OTHERS = {*owed("", NOTHING, None), "lines", "charges", "product_id", "quantity"}
ORDER_COLUMNS = tuple(name for name in OrderOut.__struct_fields__ if name not in _OTHERS)
"""The fields of OrderOut that are columns of an order's row; others are computed or of lines."""
_order_fields = itemgetter(*OrderOut.__struct_fields__[:-2])
_line_fields = itemgetter(*LineOut.__struct_fields__)
_charge_fields = itemgetter(*ChargeOut.__struct_fields__)


def order_out(
    order: Mapping[str, Any],
    lines: Iterable[Mapping[str, Any]],
    charges: Iterable[Mapping[str, Any]],
) -> OrderOut:
    """An order in a response, from the columns of its row and of the rows that belong to it."""
    lines_out = [LineOut(*_line_fields(line)) for line in lines]
    charges_out = [ChargeOut(*_charge_fields(charge)) for charge in charges]
    more = owed(order["status"], order["total"], order["paid"])
    more |= {"lines": lines_out, "charges": charges_out}
    return OrderOut(*_order_fields({**order, **more}))


class EventOut(Struct, kw_only=True):
    """One event of an order's history."""

    id: int
    type: Annotated[str, Meta(extra_json_schema={"enum": [*EVENTS]})]
    from_status: Annotated[str, Meta(extra_json_schema={"enum": ["", *STATUSES]})]
    to_status: Status
    actor: str
    data: AnyObject
    created_at: Moment

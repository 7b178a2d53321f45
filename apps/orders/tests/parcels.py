"""Shipping and returning in tests: units by the ids of lines."""

from decimal import Decimal
from typing import Any

from apps.orders.fulfilment.goods import LineUnits
from apps.orders.fulfilment.requests import ReturnedUnits, ReturnRequest, ShipmentRequest
from apps.orders.fulfilment.returning import Returned, return_goods
from apps.orders.fulfilment.shipping import Outcome, Shipped, ship_orders
from apps.orders.models import Order


def units(chosen: dict[int, int]) -> tuple[LineUnits, ...]:
    """Units by the ids of lines, as a request names them."""
    return tuple(
        LineUnits(path=f"lines.{index}", line_id=line_id, quantity=quantity)
        for index, (line_id, quantity) in enumerate(chosen.items())
    )


def shipment(order: Order, chosen: dict[int, int] | None = None, **fields: Any) -> ShipmentRequest:
    """A request to ship; everything open without `chosen`. Its key is its own, unless given."""
    lines = None if chosen is None else units(chosen)
    fields = {"idempotency_key": f"{order.pk} {chosen}", "actor": "client:7"} | fields
    return ShipmentRequest(order_id=order.pk, lines=lines, **fields)


def ship(order: Order, chosen: dict[int, int] | None = None, **fields: Any) -> int:
    """Ship units; return the shipment's id. Raises the error that refuses it."""
    [outcome] = ship_orders([shipment(order, chosen, **fields)])
    return shipped_id(outcome)


def shipped_id(outcome: Outcome | None) -> int:
    if isinstance(outcome, Exception):
        raise outcome
    assert isinstance(outcome, Shipped)
    return outcome.id


def give_back(
    order: Order,
    chosen: dict[int, int],
    *,
    restock: bool = True,
    credit: str | None = None,
    charges: str = "0.00",
    key: str = "back",
    reason: str = "",
) -> Returned:
    """Return units of an order. credit: for each of the lines."""
    lines = tuple(
        ReturnedUnits(
            path=each.path,
            line_id=each.line_id,
            quantity=each.quantity,
            restock=restock,
            credit=None if credit is None else Decimal(credit),
            reason=reason,
        )
        for each in units(chosen)
    )
    asked = ReturnRequest(lines=lines, charges_credit=Decimal(charges))
    return return_goods(order_id=order.pk, request=asked, actor="client:7", idempotency_key=key)


def parts(order: Order) -> list[tuple[int, int, int, int]]:
    """(quantity, shipped, canceled, returned) of each line, as they are in the database."""
    columns = ("quantity", "shipped_quantity", "canceled_quantity", "returned_quantity")
    return list(order.lines.order_by("pk").values_list(*columns))


def state(order: Order) -> tuple[str, int, str, bool]:
    """Status, version, total, and whether it is partly shipped, as they are in the database."""
    order.refresh_from_db()
    return order.status, order.version, str(order.total), order.partly_shipped

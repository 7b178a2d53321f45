"""Serializers of orders: from what was sent to what the operations take, and back.

`requested_order` is the way of every order that is placed, and `structs.order_out` of every order
in a response.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from apps.orders import operations
from apps.orders.answers import EventOut, OrderOut, order_out
from apps.orders.exceptions import PriceNotAllowed
from apps.orders.microservice_communication import client_id_for
from apps.orders.models import Order, OrderEvent
from apps.orders.placing.requests import (
    DETAILS,
    Charge,
    LineRequest,
    OrderChange,
    OrderRequest,
    PlacedOrder,
    order_request,
)
from apps.orders.placing.rules import MAX_JSON_BYTES
from apps.orders.structs import ChargeIn, LineIn, OrderChanges, OrderIn
from monoservices.api.decoding import decode
from monoservices.api.problems import Errors, Invalid
from monoservices.api.serializers import StructSerializer
from monoservices.api.types import EXPLANATIONS, NO_NUL, money, nul_paths
from monoservices.services.scopes import Caller

PRICE_SCOPE = "orders:price"


class OrderSerializer(StructSerializer):
    """An order, in and out, by the contract of DRF's serializers.

    context: `caller` and `idempotency_key` of the request. Without a caller, the client is
    `command line`, which may set prices.
    """

    struct = OrderIn
    partial_struct = OrderChanges

    @classmethod
    def check(cls, parsed: OrderIn | OrderChanges, *, partial: bool) -> None:
        check_order(parsed, partial=partial)

    def to_representation(self, instance: Order | PlacedOrder) -> Any:
        if isinstance(instance, PlacedOrder):
            return msgspec.json.decode(instance.response)  # older ones have fewer fields
        return super().to_representation(instance)

    @classmethod
    def represent(cls, instance: Order) -> OrderOut:
        lines, charges = instance.lines.all(), instance.own_charges()
        return order_out(vars(instance), map(vars, lines), map(vars, charges))

    def create(self, validated_data: dict[str, Any]) -> PlacedOrder:
        key = self.context.get("idempotency_key")
        return operations.place_order(
            _order_request(OrderIn(**validated_data), self._caller(), key)
        )

    def update(self, instance: Order, validated_data: dict[str, Any]) -> Order:
        return operations.change_order(
            order_id=instance.pk,
            change=_order_change(OrderChanges(**validated_data), self._caller()),
            actor=self._caller().actor,
            version=self.context.get("version"),
            may_set_prices=PRICE_SCOPE in self._caller().scopes,
        )

    def _caller(self) -> Caller:
        caller: Caller | None = self.context.get("caller")
        return caller or Caller(client_id_for(built_in="command line"), frozenset({PRICE_SCOPE}))


def requested_order(body: bytes, caller: Caller, idempotency_key: str | None) -> OrderRequest:
    """What `place_orders` takes, from the body of a request.

    Raises Malformed, Invalid, PriceNotAllowed.
    """
    parsed = decode(body, OrderIn)
    check_order(parsed, partial=False)
    return _order_request(parsed, caller, idempotency_key)


def event_out(event: OrderEvent) -> EventOut:
    """An event in a response."""
    columns = vars(event)
    return EventOut(**{name: columns[name] for name in EventOut.__struct_fields__})


def check_order(parsed: OrderIn | OrderChanges, *, partial: bool) -> None:
    """Raise Invalid where fields that are valid alone do not go together."""
    errors: Errors = {}
    short = {"product_id": parsed.product_id, "quantity": parsed.quantity}
    if parsed.lines is UNSET:
        missing = [] if partial else [name for name in short if short[name] is UNSET]
        errors |= {name: ["This field is required."] for name in missing}
    elif sent := [name for name in short if short[name] is not UNSET]:
        errors |= {name: ["Send this, or lines; not both."] for name in sent}
    else:
        for index, line in enumerate(parsed.lines):
            if (line.product_id is UNSET) == (line.sku is UNSET):
                errors[f"lines.{index}.product_id"] = ["Send either product_id or sku."]
    for name, value in _details(parsed).items():
        if isinstance(value, dict):
            errors |= {path: [EXPLANATIONS[NO_NUL]] for path in nul_paths(value, name)}
            if len(msgspec.json.encode(value)) > MAX_JSON_BYTES:
                errors[name] = [f"Expected at most {MAX_JSON_BYTES} bytes of JSON."]
    if errors:
        raise Invalid(errors=errors)


def _order_request(parsed: OrderIn, caller: Caller, idempotency_key: str | None) -> OrderRequest:
    charges = () if parsed.charges is UNSET else _charges(parsed.charges)
    _refuse_prices(
        caller, (f"charges.{at}.amount" for at, charge in enumerate(charges) if charge.amount < 0)
    )
    return order_request(
        client_id=caller.client_id,
        idempotency_key=idempotency_key,
        lines=(
            [LineRequest(path="", product_id=parsed.product_id or 0, quantity=parsed.quantity or 0)]
            if parsed.lines is UNSET
            else _line_requests(parsed.lines, caller)
        ),
        charges=charges,
        expected_total=_amount(parsed.expected_total),
        hold_seconds=parsed.hold_seconds or None,
        replaces=parsed.replaces or None,
        **_details(parsed),
    )


def _order_change(parsed: OrderChanges, caller: Caller) -> OrderChange:
    return OrderChange(
        product_id=parsed.product_id or None,
        quantity=parsed.quantity or None,
        lines=None if parsed.lines is UNSET else _line_requests(parsed.lines, caller),
        charges=None if parsed.charges is UNSET else _charges(parsed.charges),
        expected_total=_amount(parsed.expected_total),
        hold_seconds=parsed.hold_seconds or None,
        details=_details(parsed),
    )


def _line_requests(lines: list[LineIn], caller: Caller) -> tuple[LineRequest, ...]:
    """The lines, as the operations take them. Raises PriceNotAllowed."""
    requests = tuple(
        LineRequest(
            path=f"lines.{index}",
            product_id=line.product_id or None,
            sku=line.sku or None,
            quantity=line.quantity,
            unit_price=_amount(line.unit_price),
            tax_rate=_amount(line.tax_rate),
            tax_amount=_amount(line.tax_amount),
        )
        for index, line in enumerate(lines)
    )
    priced = (line.field("unit_price") for line in requests if line.unit_price is not None)
    _refuse_prices(caller, priced)
    return requests


def _charges(charges: list[ChargeIn]) -> tuple[Charge, ...]:
    return tuple(
        Charge(
            type=charge.type,
            amount=money(charge.amount),
            label=charge.label or "",
            tax_rate=_amount(charge.tax_rate),
            tax_amount=_amount(charge.tax_amount),
        )
        for charge in charges
    )


def _refuse_prices(caller: Caller, fields: Iterable[str]) -> None:
    """Raise PriceNotAllowed where there are fields that need the scope, and the caller lacks it."""
    message = f"This needs the scope {PRICE_SCOPE}."
    if PRICE_SCOPE not in caller.scopes and (errors := {field: [message] for field in fields}):
        raise PriceNotAllowed(errors=errors)


def _details(parsed: OrderIn | OrderChanges) -> dict[str, Any]:
    """The details that were sent."""
    return {name: value for name in DETAILS if (value := getattr(parsed, name)) is not UNSET}


def _amount(text: str | UnsetType | None) -> Decimal | None:
    return None if text is UNSET or text is None else money(text)

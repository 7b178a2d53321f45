"""Serializers of orders: from what was sent to what the operations take, and back."""

from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET

from apps.orders.exceptions import PriceNotAllowed
from apps.orders.microservice_communication import client_id_for
from apps.orders.models import Order, OrderEvent
from apps.orders.placing.requests import (
    DETAILS,
    LineRequest,
    OrderChange,
    OrderRequest,
    PlacedOrder,
    order_request,
)
from apps.orders.structs import (
    EventOut,
    LineIn,
    LineOut,
    OrderChanges,
    OrderIn,
    OrderOut,
)
from monoservices.api.decoding import decoder
from monoservices.api.problems import Errors, Invalid
from monoservices.api.serializers import StructSerializer
from monoservices.api.types import EXPLANATIONS, NO_NUL, money, nul_paths
from monoservices.services.scopes import Caller

PRICE_SCOPE = "orders:price"
MAX_JSON_BYTES = 4096


class OrderSerializer(StructSerializer):
    """An order, in and out.

    context: `caller` and `idempotency_key` of the request; without them the order is placed by
    the client `command line`, which may set prices.
    """

    struct = OrderIn
    partial_struct = OrderChanges

    @classmethod
    def check(cls, parsed: OrderIn, *, partial: bool) -> None:
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
        for name in ("shipping_address", "metadata"):
            value = getattr(parsed, name)
            if value is UNSET:
                continue
            errors |= {path: [EXPLANATIONS[NO_NUL]] for path in nul_paths(value, name)}
            if len(msgspec.json.encode(value)) > MAX_JSON_BYTES:
                errors[name] = [f"Expected at most {MAX_JSON_BYTES} bytes of JSON."]
        if errors:
            raise Invalid(errors=errors)

    @classmethod
    def represent(cls, instance: Order | PlacedOrder) -> OrderOut:
        if isinstance(instance, PlacedOrder):
            return decoder(OrderOut).decode(instance.answer)
        return OrderOut(
            id=instance.pk,
            status=instance.status,
            currency=instance.currency,
            total=instance.total,
            reference=instance.reference,
            customer_email=instance.customer_email,
            shipping_address=instance.shipping_address,
            metadata=instance.metadata,
            lines=[
                LineOut(
                    product_id=line.product_id,
                    sku=line.sku,
                    product_name=line.product_name,
                    unit_price=line.unit_price,
                    quantity=line.quantity,
                )
                for line in instance.lines.all()
            ],
            created_at=instance.created_at,
            updated_at=instance.updated_at,
        )

    def create(self, validated_data: dict[str, Any]) -> PlacedOrder:
        from apps.orders.operations import place_order

        caller = self.context.get("caller") or command_line()
        key = self.context.get("idempotency_key")
        return place_order(placing_request(validated_data, caller, key))

    def update(self, instance: Order, validated_data: dict[str, Any]) -> Order:
        from apps.orders.operations import change_order

        caller = self.context.get("caller") or command_line()
        return change_order(
            order_id=instance.pk,
            change=order_change(validated_data, caller),
            actor=caller.actor,
            version=self.context.get("version"),
        )


def command_line() -> Caller:
    """The built-in client that calls from Python have; it may set prices."""
    return Caller(client_id_for(built_in="command line"), frozenset({PRICE_SCOPE}))


def placing_request(
    sent: dict[str, Any], caller: Caller, idempotency_key: str | None
) -> OrderRequest:
    """What `place_orders` takes, from the fields that were sent. Raises PriceNotAllowed."""
    lines = sent.get("lines")
    return order_request(
        client_id=caller.client_id,
        actor=caller.actor,
        idempotency_key=idempotency_key,
        lines=(
            [LineRequest(path="", product_id=sent["product_id"], quantity=sent["quantity"])]
            if lines is None
            else _line_requests(lines, caller)
        ),
        expected_total=_amount(sent.get("expected_total")),
        **_details(sent),
    )


def order_change(sent: dict[str, Any], caller: Caller) -> OrderChange:
    """What `change_order` takes, from the fields that were sent. Raises PriceNotAllowed."""
    lines = sent.get("lines")
    return OrderChange(
        product_id=sent.get("product_id"),
        quantity=sent.get("quantity"),
        lines=None if lines is None else _line_requests(lines, caller),
        expected_total=_amount(sent.get("expected_total")),
        details=_details(sent),
    )


def _line_requests(lines: list[LineIn], caller: Caller) -> tuple[LineRequest, ...]:
    requests = tuple(
        LineRequest(
            path=f"lines.{index}",
            product_id=line.product_id or None,
            sku=line.sku or None,
            quantity=line.quantity,
            unit_price=_amount(line.unit_price or None),
        )
        for index, line in enumerate(lines)
    )
    if PRICE_SCOPE not in caller.scopes and (
        priced := [line for line in requests if line.unit_price is not None]
    ):
        message = f"This needs the scope {PRICE_SCOPE}."
        raise PriceNotAllowed(errors={line.field("unit_price"): [message] for line in priced})
    return requests


def _details(sent: dict[str, Any]) -> dict[str, Any]:
    return {name: sent[name] for name in DETAILS if name in sent}


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else money(text)


class EventSerializer(StructSerializer):
    """An event of an order's history, out."""

    @classmethod
    def represent(cls, instance: OrderEvent) -> EventOut:
        return EventOut(
            id=instance.pk,
            type=instance.type,
            from_status=instance.from_status,
            to_status=instance.to_status,
            actor=instance.actor,
            data=instance.data,
            created_at=instance.created_at,
        )

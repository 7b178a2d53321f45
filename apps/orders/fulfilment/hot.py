"""The hot route that ships. Shipments that come at the same time share a transaction."""

from collections.abc import Sequence

import msgspec

from apps.orders.exceptions import KeyRequired, OrdersError
from apps.orders.fulfilment.answers import ShipmentAnswer, shipment_answers
from apps.orders.fulfilment.requests import ShipmentRequest
from apps.orders.fulfilment.structs import ShipmentIn, line_units
from apps.orders.operations import ship_orders
from apps.orders.structs import version_in
from monoservices.api.decoding import decode
from monoservices.api.hot_routes import HotRequest, HotRoute
from monoservices.api.http import REPLAYED
from monoservices.api.whole_response import WholeResponse
from monoservices.services.scopes import Check

_REPLAYED = {REPLAYED: "true"}


class ShipOrder(HotRoute[ShipmentRequest, ShipmentAnswer]):
    """POST orders/{id}/shipments/"""

    method, url_name = "POST", "order-shipments"
    queue = "shipments"

    def parse(self, request: HotRequest) -> ShipmentRequest:
        parsed = decode(request.body, ShipmentIn)
        lines = line_units(parsed.lines)
        if request.idempotency_key is None:
            raise KeyRequired
        return ShipmentRequest(
            order_id=request.ids[-1],
            actor=request.caller.actor,
            idempotency_key=request.idempotency_key,
            lines=lines,
            followed=parsed.followed(),
            version=version_in(request.if_match),
        )

    def weight(self, item: ShipmentRequest) -> int:
        return len(item.lines or ()) or 1

    def carry_out(
        self, items: Sequence[ShipmentRequest], check: Check | None = None
    ) -> Sequence[ShipmentAnswer | None]:
        return shipment_answers(ship_orders(items, check=check))

    def answer(self, item: ShipmentRequest, outcome: ShipmentAnswer) -> WholeResponse:
        if isinstance(outcome, OrdersError):
            raise outcome
        shipment, is_replayed = outcome
        body = msgspec.json.encode(shipment)
        return WholeResponse(201, body, headers=_REPLAYED if is_replayed else {})

"""Every write of this service. Each function owns its transaction."""

from apps.orders.changing import change_order, update_order
from apps.orders.fulfilment.canceling import cancel_order
from apps.orders.fulfilment.delivering import deliver_order, deliver_shipment, follow_shipment
from apps.orders.fulfilment.goods import LineUnits
from apps.orders.fulfilment.requests import (
    Followed,
    ReturnedUnits,
    ReturnRequest,
    ShipmentRequest,
)
from apps.orders.fulfilment.returning import return_goods
from apps.orders.fulfilment.shipping import ship_order, ship_orders
from apps.orders.holding.confirming import confirm_locked, confirm_order, revive_locked
from apps.orders.holding.sweeping import sweep_expired_holds
from apps.orders.paying import give_money_back, receive_money
from apps.orders.placing.place import create_order, place_order, place_orders
from apps.orders.placing.requests import LineRequest, OrderChange, OrderRequest, order_request
from apps.orders.transitions import move_order

__all__ = [
    "Followed",
    "LineRequest",
    "LineUnits",
    "OrderChange",
    "OrderRequest",
    "ReturnRequest",
    "ReturnedUnits",
    "ShipmentRequest",
    "cancel_order",
    "change_order",
    "confirm_locked",
    "confirm_order",
    "create_order",
    "deliver_order",
    "deliver_shipment",
    "follow_shipment",
    "give_money_back",
    "move_order",
    "order_request",
    "place_order",
    "place_orders",
    "receive_money",
    "return_goods",
    "revive_locked",
    "ship_order",
    "ship_orders",
    "sweep_expired_holds",
    "update_order",
]

"""Every write of this service. Each function owns its transaction."""

from apps.orders.changing import change_order, update_order
from apps.orders.holding.confirming import confirm_locked, confirm_order, revive_locked
from apps.orders.holding.sweeping import sweep_expired_holds
from apps.orders.paying import give_money_back, receive_money
from apps.orders.placing.place import create_order, place_order, place_orders
from apps.orders.placing.requests import LineRequest, OrderChange, OrderRequest, order_request
from apps.orders.transitions import cancel_order, deliver_order, move_order, ship_order

__all__ = [
    "LineRequest",
    "OrderChange",
    "OrderRequest",
    "cancel_order",
    "change_order",
    "confirm_locked",
    "confirm_order",
    "create_order",
    "deliver_order",
    "give_money_back",
    "move_order",
    "order_request",
    "place_order",
    "place_orders",
    "receive_money",
    "revive_locked",
    "ship_order",
    "sweep_expired_holds",
    "update_order",
]

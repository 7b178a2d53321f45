"""Every write of this service. Each function owns its transaction."""

from apps.orders.changing import change_order, update_order
from apps.orders.exceptions import AmbiguousName
from apps.orders.fulfilment import cancel_order, deliver_order, move_order, ship_order
from apps.orders.microservice_communication import client_id_for, get_products_named
from apps.orders.models import Order
from apps.orders.placing.place import place_order, place_orders
from apps.orders.placing.requests import LineRequest, OrderChange, OrderRequest, order_request

__all__ = [
    "LineRequest",
    "OrderChange",
    "OrderRequest",
    "cancel_order",
    "change_order",
    "create_order",
    "deliver_order",
    "move_order",
    "order_request",
    "place_order",
    "place_orders",
    "ship_order",
    "update_order",
]


def create_order(*, product_name: str, quantity: int) -> Order | None:
    """Place an order for the one product on sale that has this name, for the command line.

    Returns None where no product has the name.
    Raises AmbiguousName where several have, and what `place_order` raises.
    """
    products = get_products_named(name=product_name)
    if len(products) > 1:
        raise AmbiguousName
    if not products:
        return None
    client_id = client_id_for(built_in="command line")
    placed = place_order(
        order_request(
            client_id=client_id,
            actor=f"client:{client_id}",
            lines=[LineRequest(path="", product_id=products[0].id, quantity=quantity)],
        )
    )
    return Order.objects.get(pk=placed.id)

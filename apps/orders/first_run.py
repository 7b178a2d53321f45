"""What `make run` does for this service: it fills a shop, and shows how to place an order."""

import secrets

from apps.orders.demo import seed_shop
from apps.orders.microservice_communication import get_products_by_name


def fill() -> None:
    """Fill a shop that has no products yet."""
    if not get_products_by_name():
        seed_shop()


def first_steps(*, address: str, key: str) -> str:
    """A command that places an order, if there is something to sell.

    address: of the server, without a slash at its end. key: an API key.
    """
    on_sale = (each for each in get_products_by_name() if each.is_active and each.stock_quantity)
    product_id = min((each.id for each in on_sale), default=None)
    return f"""
Place an order:

curl -i {address}/api/v1/orders/ \
-H 'Authorization: Bearer {key}' \
-H 'Idempotency-Key: {secrets.token_hex(8)}' \
-H 'Content-Type: application/json' \
-d '{{"product_id": {product_id}, "quantity": 1}}'
"""

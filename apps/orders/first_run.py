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
    on_sale = [each.id for each in get_products_by_name() if each.is_active and each.stock_quantity]
    if not on_sale:
        return ""
    title, command, _ = first_command(address=address, key=key, product_id=min(on_sale))
    return f"\n{title}:\n\n{command}\n"


def first_command(*, address: str, key: str, product_id: int = 1) -> tuple[str, str, str]:
    """A title, a command that places an order, and what comes of it.

    product_id: the first product of a new shop, unless another is given.
    """
    words = (
        f"curl -i {address}/api/v1/orders/",
        f"-H 'Authorization: Bearer {key}'",
        f"-H 'Idempotency-Key: {secrets.token_hex(8)}'",
        "-H 'Content-Type: application/json'",
        f'-d \'{{"product_id": {product_id}, "quantity": 1}}\'',
    )
    result = (
        "The answer is 201 Created, with the order. If you send the command again, you get the "
        "same order, because the idempotency key is the same."
    )
    return "Place an order", " \\\n  ".join(words), result

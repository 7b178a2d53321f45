"""What orders know of a product."""

from decimal import Decimal

from msgspec import Struct


class ProductSnapshot(Struct, frozen=True):
    """A product as it was when it was read.

    price: in the shop's currency. is_held: whether another transaction holds its lock.
    """

    id: int
    sku: str
    name: str
    price: Decimal
    stock_quantity: int
    is_active: bool
    is_held: bool = False

    def __str__(self) -> str:
        return self.name

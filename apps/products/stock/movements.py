"""How stock moves: set it within its bounds, and write the movement down.

Whoever moves stock here counts, receives or corrects what lies on the shelf. What is committed
moves with orders alone, in `for_orders`.
"""

from datetime import datetime

from apps.products.exceptions import (
    NothingReceived,
    OutOfStock,
    StockBeyondBounds,
    StockChanged,
)
from apps.products.models import Product, StockMovement
from monoservices.api.types import MAX_INTEGER

ADDING = (StockMovement.Reason.RECEIVED, StockMovement.Reason.RETURNED)
"""Reasons for more units."""


def set_stock(product: Product, quantity: int, *, path: str = "") -> None:
    """Set what can be sold of a product, which is not saved here. It may be less than nothing.

    path: the field of the request that asks for it, to be named in the error.
    Raises OutOfStock, StockBeyondBounds.
    """
    on_hand = quantity + product.committed_quantity
    if not 0 <= on_hand <= MAX_INTEGER:
        refusal = OutOfStock if on_hand < 0 else StockBeyondBounds
        if path:
            raise refusal(errors={path: [f"There are {product.on_hand} on hand."]})
        raise refusal(f"Of product {product.pk}, {on_hand} would be on hand.")
    product.stock_quantity = quantity


def refuse_taking(reason: str, delta: int, *, path: str) -> None:
    """Raise NothingReceived if units that come in are fewer than nothing. path: as above."""
    if reason in ADDING and delta < 0:
        raise NothingReceived(errors={path: [NothingReceived.default_detail]})


def refuse_other_stock(product: Product, expected: int | None, *, path: str) -> None:
    """Raise StockChanged if the caller expects another quantity on hand.

    path: the field of the request that says which one.
    """
    if expected not in (None, product.on_hand):
        raise StockChanged(errors={path: [f"There are {product.on_hand} on hand."]})


def record_movement(
    *,
    product: Product,
    delta: int,
    reason: str,
    actor: str,
    at: datetime,
    committed_delta: int = 0,
    reference: str = "",
    revision: int = 0,
    note: str = "",
    idempotency_key: str | None = None,
) -> StockMovement:
    """Write down the movement that brought `product` to the quantities that it has now.

    at: the moment it happened, by the database's clock and under the product's lock.
    """
    return StockMovement.objects.create(
        product=product,
        delta=delta,
        quantity_after=product.stock_quantity,
        committed_delta=committed_delta,
        committed_after=product.committed_quantity,
        reason=reason,
        reference=reference,
        revision=revision,
        actor=actor,
        note=note,
        idempotency_key=idempotency_key,
        created_at=at,
    )

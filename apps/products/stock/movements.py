"""How stock moves: set it within its bounds, and write the movement down."""

from datetime import datetime

from apps.products.exceptions import OutOfStock, StockBeyondBounds
from apps.products.models import Product, StockMovement
from monoservices.api.types import MAX_INTEGER


def set_stock(product: Product, quantity: int, *, path: str = "") -> None:
    """Set the stock of a product, which is not saved here.

    path: the field of the request that asks for it, to be named in the error.
    Raises OutOfStock, StockBeyondBounds.
    """
    if not 0 <= quantity <= MAX_INTEGER:
        refusal = OutOfStock if quantity < 0 else StockBeyondBounds
        if path:
            raise refusal(errors={path: [f"There are {product.stock_quantity} in stock."]})
        raise refusal(f"The stock of product {product.pk} would be {quantity}.")
    product.stock_quantity = quantity


def record_movement(
    *,
    product: Product,
    delta: int,
    reason: str,
    actor: str,
    at: datetime,
    reference: str = "",
    revision: int = 0,
    note: str = "",
    idempotency_key: str | None = None,
) -> StockMovement:
    """Write down the movement that brought `product` to the stock that it has now.

    at: the moment it happened, by the database's clock and under the product's lock.
    """
    return StockMovement.objects.create(
        product=product,
        delta=delta,
        quantity_after=product.stock_quantity,
        reason=reason,
        reference=reference,
        revision=revision,
        actor=actor,
        note=note,
        idempotency_key=idempotency_key,
        created_at=at,
    )

"""Changing and counting the stock of one product, under its lock."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.products.exceptions import (
    MovementKeyReused,
    OutOfStock,
    ProductNotFound,
    StockBeyondBounds,
)
from apps.products.models import Product, StockMovement
from monoservices.api.types import MAX_INTEGER


@transaction.atomic
def change_stock(
    *,
    product_id: int,
    delta: int,
    reason: str,
    actor: str,
    note: str = "",
    idempotency_key: str | None = None,
) -> tuple[StockMovement, bool]:
    """Add `delta` units, which may be negative, and return (movement, whether it was there).

    idempotency_key: the same key with the same change moves nothing again.
    Raises ProductNotFound, OutOfStock, StockBeyondBounds, MovementKeyReused.
    """
    product = lock_product(product_id)
    if known := _known(product, idempotency_key):
        if (known.delta, known.reason, known.note) != (delta, reason, note):
            raise MovementKeyReused
        return known, True
    _move(product, delta)
    return record_movement(
        product=product,
        delta=delta,
        reason=reason,
        actor=actor,
        note=note,
        idempotency_key=idempotency_key,
    ), False


@transaction.atomic
def count_stock(
    *,
    product_id: int,
    counted: int,
    actor: str,
    note: str = "",
    idempotency_key: str | None = None,
) -> tuple[StockMovement, bool]:
    """Set the stock to what was counted and return (movement, whether it was there).

    A count that confirms the stock is recorded too, with a delta of 0.
    Raises ProductNotFound, StockBeyondBounds, MovementKeyReused.
    """
    reason = StockMovement.Reason.COUNTED
    product = lock_product(product_id)
    if known := _known(product, idempotency_key):
        if (known.quantity_after, known.reason, known.note) != (counted, reason, note):
            raise MovementKeyReused
        return known, True
    delta = counted - product.stock_quantity
    _move(product, delta)
    return record_movement(
        product=product,
        delta=delta,
        reason=reason,
        actor=actor,
        note=note,
        idempotency_key=idempotency_key,
    ), False


def record_movement(
    *,
    product: Product,
    delta: int,
    reason: str,
    actor: str,
    reference: str = "",
    revision: int = 0,
    note: str = "",
    idempotency_key: str | None = None,
    at: datetime | None = None,
) -> StockMovement:
    """Write down the movement that brought `product` to the stock it has now.

    at: the moment it happened; now where it is None.
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
        created_at=at or timezone.now(),
    )


def lock_product(product_id: int) -> Product:
    """The product, locked until the transaction ends. Raises ProductNotFound."""
    product = Product.objects.lock().filter(pk=product_id).first()
    if product is None:
        raise ProductNotFound
    return product


def _known(product: Product, idempotency_key: str | None) -> StockMovement | None:
    if idempotency_key is None:
        return None
    return StockMovement.objects.filter(product=product, idempotency_key=idempotency_key).first()


def _move(product: Product, delta: int) -> None:
    in_stock = product.stock_quantity
    if in_stock + delta < 0:
        raise OutOfStock(errors={"delta": [f"There are {in_stock} in stock."]})
    if in_stock + delta > MAX_INTEGER:
        raise StockBeyondBounds(errors={"delta": [f"There are {in_stock} in stock."]})
    product.stock_quantity += delta
    product.save(update_fields=["stock_quantity", "updated_at"])

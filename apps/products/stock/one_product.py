"""Changing and counting the stock of one product, under its lock."""

from django.db import transaction

from apps.products.exceptions import MovementKeyReused
from apps.products.models import Product, StockMovement
from apps.products.stock.movements import record_movement, set_stock


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
    """Add `delta` units, which may be negative. Return the movement and whether it is a replay.

    idempotency_key: the same key with the same change moves nothing again.
    Raises ProductNotFound, OutOfStock, StockBeyondBounds, MovementKeyReused.
    """
    product = Product.objects.lock().with_id(product_id)
    if known := _known(product, idempotency_key):
        if (known.delta, known.reason, known.note) != (delta, reason, note):
            raise MovementKeyReused
        return known, True
    set_stock(product, product.stock_quantity + delta, path="delta")
    return _record(product, delta, reason, actor=actor, note=note, key=idempotency_key), False


@transaction.atomic
def count_stock(
    *,
    product_id: int,
    counted: int,
    actor: str,
    note: str = "",
    idempotency_key: str | None = None,
) -> tuple[StockMovement, bool]:
    """Set the stock to what was counted. Return the movement and whether it is a replay.

    A count that confirms the stock is recorded too, with a delta of 0.
    Raises ProductNotFound, StockBeyondBounds, MovementKeyReused.
    """
    reason = StockMovement.Reason.COUNTED
    product = Product.objects.lock().with_id(product_id)
    if known := _known(product, idempotency_key):
        if (known.quantity_after, known.reason, known.note) != (counted, reason, note):
            raise MovementKeyReused
        return known, True
    delta = counted - product.stock_quantity
    set_stock(product, counted, path="delta")
    return _record(product, delta, reason, actor=actor, note=note, key=idempotency_key), False


def _known(product: Product, idempotency_key: str | None) -> StockMovement | None:
    if idempotency_key is None:
        return None
    return StockMovement.objects.filter(product=product, idempotency_key=idempotency_key).first()


def _record(
    product: Product, delta: int, reason: str, *, actor: str, note: str, key: str | None
) -> StockMovement:
    product.save(update_fields=["stock_quantity", "updated_at"])
    return record_movement(
        product=product, delta=delta, reason=reason, actor=actor, note=note, idempotency_key=key
    )

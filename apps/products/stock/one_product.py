"""Changing and counting the stock of one product, under its lock."""

from django.db import transaction

from apps.products.exceptions import MovementKeyReused
from apps.products.models import Product, StockMovement
from apps.products.stock.movements import record_movement, set_stock
from monoservices.database.engines import engine


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
    return _move(product_id, reason, actor, note, idempotency_key, delta=delta)


def count_stock(
    *, product_id: int, counted: int, actor: str, note: str = "", idempotency_key: str | None = None
) -> tuple[StockMovement, bool]:
    """Set the stock to what was counted. Return the movement and whether it is a replay.

    A count that confirms the stock is recorded too, with a delta of 0.
    Raises ProductNotFound, StockBeyondBounds, MovementKeyReused.
    """
    reason = StockMovement.Reason.COUNTED
    return _move(product_id, reason, actor, note, idempotency_key, quantity_after=counted)


@transaction.atomic
def _move(
    product_id: int, reason: str, actor: str, note: str, key: str | None, **wanted: int
) -> tuple[StockMovement, bool]:
    """Move the stock. wanted: `delta` or `quantity_after`, as the movement will have it."""
    product = Product.objects.lock().with_id(product_id)
    if key is not None:
        known = product.movements.filter(idempotency_key=key).first()
        if known is not None:
            asked = wanted | {"reason": reason, "note": note}
            if any(getattr(known, field) != value for field, value in asked.items()):
                raise MovementKeyReused
            return known, True
    before = product.stock_quantity
    set_stock(product, wanted.get("quantity_after", before + wanted.get("delta", 0)), path="delta")
    product.updated_at = engine().now()
    product.save(update_fields=["stock_quantity", "updated_at"])
    movement = record_movement(
        product=product,
        delta=product.stock_quantity - before,
        reason=reason,
        actor=actor,
        note=note,
        idempotency_key=key,
        at=product.updated_at,
    )
    return movement, False

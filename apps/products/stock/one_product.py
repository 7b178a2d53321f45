"""Changing and counting the stock of one product, under its lock."""

from typing import Any

from django.db import transaction

from apps.products.exceptions import MovementKeyReused
from apps.products.models import Product, StockMovement
from apps.products.stock.movements import (
    record_movement,
    refuse_other_stock,
    refuse_taking,
    set_stock,
)
from monoservices.database.engines import engine


def change_stock(
    *,
    product_id: int,
    delta: int,
    reason: str,
    actor: str,
    note: str = "",
    expected: int | None = None,
    idempotency_key: str | None = None,
) -> tuple[StockMovement, bool]:
    """Add `delta` units, fewer if it is negative. Return the movement and whether it is a replay.

    reason: `received` or `returned` of more units, or `corrected`. expected: how many must be on
        hand before. idempotency_key: the same key with the same change moves nothing again.
    Raises ProductNotFound, NothingReceived, OutOfStock, StockBeyondBounds, StockChanged,
    MovementKeyReused.
    """
    refuse_taking(reason, delta, path="delta")
    return _move(
        product_id, reason, actor, note, expected=expected, key=idempotency_key, delta=delta
    )


def count_stock(
    *,
    product_id: int,
    counted: int,
    actor: str,
    note: str = "",
    expected: int | None = None,
    idempotency_key: str | None = None,
) -> tuple[StockMovement, bool]:
    """Write down that so many were counted on the shelf: those to sell and those of open orders.

    Return the movement and whether it is a replay. A count that confirms what is on hand is
    recorded too, with a delta of 0. If fewer are there than orders are promised, less than nothing
    can be sold.
    expected: how many must be on hand before.
    Raises ProductNotFound, StockBeyondBounds, StockChanged, MovementKeyReused.
    """
    reason = StockMovement.Reason.COUNTED
    return _move(
        product_id,
        reason,
        actor,
        note,
        expected=expected,
        key=idempotency_key,
        on_hand_after=counted,
    )


@transaction.atomic
def _move(
    product_id: int,
    reason: str,
    actor: str,
    note: str,
    *,
    expected: int | None,
    key: str | None,
    **wanted: int,
) -> tuple[StockMovement, bool]:
    """Move the stock. wanted: `delta` or `on_hand_after`, as the movement will have it."""
    product = Product.objects.lock().with_id(product_id)
    if key is not None:
        known = product.movements.filter(idempotency_key=key).first()
        if known is not None:
            asked: dict[str, Any] = wanted | {"reason": reason, "note": note}
            if expected is not None:
                asked["on_hand_before"] = expected
            if any(getattr(known, field) != value for field, value in asked.items()):
                raise MovementKeyReused
            return known, True
    refuse_other_stock(product, expected, path="expected")
    before = product.stock_quantity
    delta = wanted["delta"] if "delta" in wanted else wanted["on_hand_after"] - product.on_hand
    set_stock(product, before + delta, path="delta")
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

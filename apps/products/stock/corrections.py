"""Movements that bring the ledger and the stock back together."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Max, Sum

from apps.products.exceptions import ProductNotFound
from apps.products.models import Product, StockMovement
from apps.products.stock.movements import record_movement, set_stock
from monoservices.database.engines import engine
from monoservices.services.scopes import COMMAND_LINE

CORRECTED = StockMovement.Reason.CORRECTED


@transaction.atomic
def correct_reference(
    *, reference: str, deltas: Mapping[int, int], note: str = "", actor: str = COMMAND_LINE
) -> None:
    """Add movements to a document, such as an order, that has too few or too many.

    deltas: units by product id, negative for units that should have been sold.
    The stock moves too, except for units by which it already differs from its ledger in the same
    direction: those units have moved before, and only their movement is missing.
    Raises ProductNotFound, OutOfStock, StockBeyondBounds, and then corrects nothing.
    """
    products = {product.pk: product for product in Product.objects.lock().filter(pk__in=deltas)}
    now = engine().now()
    for product_id, delta in sorted(deltas.items()):
        if product_id not in products:
            raise ProductNotFound(f"There is no product {product_id}.")
        product = products[product_id]
        gap = product.stock_quantity - _ledger(product)
        moved_before = max(min(gap, 0), min(delta, max(gap, 0)))
        set_stock(product, product.stock_quantity + delta - moved_before)
        product.updated_at = now
        product.save(update_fields=["stock_quantity", "updated_at"])
        earlier = product.movements.filter(reference=reference, reason=CORRECTED)
        record_movement(
            product=product,
            delta=delta,
            reason=CORRECTED,
            reference=reference,
            revision=1 + (earlier.aggregate(last=Max("revision"))["last"] or 0),
            note=note,
            actor=actor,
            at=now,
        )


@transaction.atomic
def correct_ledger(*, product_id: int, note: str = "", actor: str = COMMAND_LINE) -> int:
    """Bring a product's ledger to its stock. Return by how many units. Raises ProductNotFound."""
    product = Product.objects.lock().with_id(product_id)
    gap = product.stock_quantity - _ledger(product)
    if gap:
        record_movement(
            product=product,
            delta=gap,
            reason=CORRECTED,
            note=note,
            actor=actor,
            at=engine().now(),
        )
    return gap


def _ledger(product: Product) -> int:
    return product.movements.aggregate(sum=Sum("delta"))["sum"] or 0

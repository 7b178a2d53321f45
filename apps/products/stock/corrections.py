"""Movements that bring the ledger and the stock back together."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Max, Sum

from apps.products.exceptions import OutOfStock, ProductNotFound, StockBeyondBounds
from apps.products.models import Product, StockMovement
from apps.products.stock.audit import Moved
from apps.products.stock.movements import record_movement, set_stock
from monoservices.api.types import MAX_INTEGER
from monoservices.database.engines import engine
from monoservices.services.scopes import COMMAND_LINE

CORRECTED = StockMovement.Reason.CORRECTED


@transaction.atomic
def correct_reference(
    *, reference: str, deltas: Mapping[int, Moved], note: str = "", actor: str = COMMAND_LINE
) -> None:
    """Add movements to a document, such as an order, that has too few or too many.

    deltas: what its movements lack, by product id.
    Both quantities move too, except for units by which one already differs from its ledger in the
    same direction: those units have moved before, and only their movement is missing.
    Raises ProductNotFound, OutOfStock, StockBeyondBounds, and then corrects nothing.
    """
    products = {product.pk: product for product in Product.objects.lock().filter(pk__in=deltas)}
    now = engine().now()
    for product_id, delta in sorted(deltas.items()):
        if product_id not in products:
            raise ProductNotFound(f"There is no product {product_id}.")
        product = products[product_id]
        gap = _gap(product)
        product.committed_quantity += _to_move(delta.committed_delta, gap.committed_delta)
        if not 0 <= product.committed_quantity <= MAX_INTEGER:
            refusal = OutOfStock if product.committed_quantity < 0 else StockBeyondBounds
            committed = product.committed_quantity
            raise refusal(f"Of product {product.pk}, {committed} would be committed.")
        set_stock(product, product.stock_quantity + _to_move(delta.delta, gap.delta))
        product.updated_at = now
        product.save(update_fields=["stock_quantity", "committed_quantity", "updated_at"])
        earlier = product.movements.filter(reference=reference, reason=CORRECTED)
        record_movement(
            product=product,
            delta=delta.delta,
            committed_delta=delta.committed_delta,
            reason=CORRECTED,
            reference=reference,
            revision=1 + (earlier.aggregate(last=Max("revision"))["last"] or 0),
            note=note,
            actor=actor,
            at=now,
        )


@transaction.atomic
def correct_ledger(*, product_id: int, note: str = "", actor: str = COMMAND_LINE) -> Moved:
    """Bring a product's ledger to its quantities. Return by how much. Raises ProductNotFound."""
    product = Product.objects.lock().with_id(product_id)
    gap = _gap(product)
    if gap != Moved():
        record_movement(
            product=product,
            delta=gap.delta,
            committed_delta=gap.committed_delta,
            reason=CORRECTED,
            note=note,
            actor=actor,
            at=engine().now(),
        )
    return gap


def _gap(product: Product) -> Moved:
    """What the ledger of a product lacks of its quantities."""
    sums = product.movements.aggregate(delta=Sum("delta"), committed=Sum("committed_delta"))
    return Moved(
        product.stock_quantity - (sums["delta"] or 0),
        product.committed_quantity - (sums["committed"] or 0),
    )


def _to_move(delta: int, gap: int) -> int:
    """How much of a correction a quantity has not moved before."""
    return delta - max(min(gap, 0), min(delta, max(gap, 0)))

"""Correcting movements, for books that do not balance."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Max, Sum

from apps.products.exceptions import OutOfStock, ProductNotFound, StockBeyondBounds
from apps.products.models import Product, StockMovement
from apps.products.stock.one import lock_product, record_movement
from monoservices.api.types import MAX_INTEGER
from monoservices.services.scopes import COMMAND_LINE

CORRECTED = StockMovement.Reason.CORRECTED


@transaction.atomic
def correct_reference(
    *, reference: str, deltas: Mapping[int, int], note: str = "", actor: str = COMMAND_LINE
) -> None:
    """Add movements to a document that has too few or too many.

    deltas: units by product id, negative for what should have been sold.
    The stock moves too, but for units by which it differs from its ledger the same way: those
    have left or come back already, and it is only the movement that is missing.
    Raises ProductNotFound, OutOfStock, StockBeyondBounds, and then corrects nothing.
    """
    products = {product.pk: product for product in Product.objects.lock().filter(pk__in=deltas)}
    for product_id, delta in sorted(deltas.items()):
        if product_id not in products:
            raise ProductNotFound(f"There is no product {product_id}.")
        product = products[product_id]
        gap = product.stock_quantity - _ledger(product)
        explained = max(min(gap, 0), min(delta, max(gap, 0)))
        _move(product, delta - explained)
        earlier = product.movements.filter(reference=reference, reason=CORRECTED)
        record_movement(
            product=product,
            delta=delta,
            reason=CORRECTED,
            reference=reference,
            revision=1 + (earlier.aggregate(last=Max("revision"))["last"] or 0),
            note=note,
            actor=actor,
        )


@transaction.atomic
def correct_ledger(*, product_id: int, note: str = "", actor: str = COMMAND_LINE) -> int:
    """Bring a product's ledger to its stock, which stays, and return by how many units.

    Raises ProductNotFound.
    """
    product = lock_product(product_id)
    gap = product.stock_quantity - _ledger(product)
    if gap:
        record_movement(product=product, delta=gap, reason=CORRECTED, note=note, actor=actor)
    return gap


def _ledger(product: Product) -> int:
    return product.movements.aggregate(sum=Sum("delta"))["sum"] or 0


def _move(product: Product, delta: int) -> None:
    stock = product.stock_quantity + delta
    told = f"The stock of product {product.pk} would be {stock}."
    if stock < 0:
        raise OutOfStock(told)
    if stock > MAX_INTEGER:
        raise StockBeyondBounds(told)
    product.stock_quantity = stock
    product.save(update_fields=["stock_quantity", "updated_at"])

"""Units that orders took, for tests of what is committed."""

from apps.products.models import Product
from apps.products.operations import StockMove, move_stock


def sell(product: Product, units: int, *, order: int = 17) -> None:
    """Promise units to an order, which does not exist; fewer than 0 are given back."""
    move = StockMove(
        product_id=product.pk,
        delta=-units,
        committed_delta=units,
        reason="sold" if units > 0 else "released",
        reference=f"order:{order}",
        revision=1,
        actor="client:1",
    )
    move_stock(moves=[move])

"""The audit of stock: does it equal the sum of its ledger? Only reads."""

from collections.abc import Collection, Iterator

from django.db.models import Exists, F, IntegerField, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce, Length
from msgspec import Struct

from apps.products.models import Product, StockMovement

CHUNK_SIZE = 10_000
"""How many rows are fetched at once."""


class StockDiscrepancy(Struct, frozen=True):
    """Something that is wrong. text: for people, on one line.

    product_id: the product whose ledger `correct_ledger` can bring to its stock, if it can.
    """

    text: str
    product_id: int | None = None


def audit_stock() -> Iterator[StockDiscrepancy]:
    """Compare each product's stock with its ledger. Two statements."""
    movements = StockMovement.objects.filter(product=OuterRef("pk"))
    newest = movements.order_by("-pk").values("quantity_after")[:1]
    products = Product.objects.annotate(
        ledger=Coalesce(Sum("movements__delta"), 0),
        newest=Coalesce(Subquery(newest, output_field=IntegerField()), 0),
    )
    wrong = products.exclude(Q(ledger=F("stock_quantity")) & Q(newest=F("stock_quantity")))
    columns = wrong.order_by("pk").values_list("pk", "sku", "stock_quantity", "ledger", "newest")
    for product_id, sku, stock, ledger, after in columns.iterator():
        name = f"Product {product_id} ({sku})"
        if stock != ledger:
            yield StockDiscrepancy(
                f"{name}: {stock} in stock, but its movements sum to {ledger}.", product_id
            )
        else:
            yield StockDiscrepancy(
                f"{name}: {stock} in stock, but its newest movement left {after}."
            )
    orphans = StockMovement.objects.exclude(Exists(Product.objects.filter(pk=OuterRef("product"))))
    for movement_id, missing_id in orphans.order_by("pk").values_list("pk", "product_id"):
        yield StockDiscrepancy(
            f"Movement {movement_id}: moves product {missing_id}, which does not exist."
        )


def sum_movements(*, references: Collection[str]) -> dict[tuple[str, int], int]:
    """The units moved for documents: sums of deltas by (reference, product id). One statement."""
    movements = StockMovement.objects.filter(reference__in=references).exclude(reference="")
    sums = movements.order_by().values_list("reference", "product_id").annotate(Sum("delta"))
    return {(reference, product_id): moved for reference, product_id, moved in sums}


def sum_all_movements(*, prefix: str) -> Iterator[tuple[str, int, int]]:
    """(reference, product id, units moved) of all documents whose references begin with `prefix`.

    Short references come first, then in the order of their text. One statement.
    """
    movements = StockMovement.objects.filter(reference__startswith=prefix).exclude(reference="")
    by_length = movements.order_by(Length("reference"), "reference", "product_id")
    sums = by_length.values_list("reference", "product_id").annotate(Sum("delta"))
    yield from sums.iterator(CHUNK_SIZE)

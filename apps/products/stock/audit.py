"""The audit of stock: does it equal the sum of its ledger? Only reads."""

from collections.abc import Collection, Iterator

from django.db.models import Exists, F, IntegerField, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from msgspec import Struct

from apps.products.models import Product, StockMovement

CHUNK_SIZE = 1_000


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


def references_with(*, prefix: str) -> Iterator[list[str]]:
    """Every reference of a movement that begins with `prefix`, once, in lists of up to 1,000.

    One statement for each list, and a last one that finds no more.
    """
    movements = StockMovement.objects.filter(reference__startswith=prefix).exclude(reference="")
    references = movements.order_by("reference").values_list("reference", flat=True).distinct()
    last = ""
    while chunk := list(references.filter(reference__gt=last)[:CHUNK_SIZE]):
        yield chunk
        last = chunk[-1]

"""The audit of stock: does it equal the sum of its ledger? Only reads."""

from collections.abc import Collection, Iterator

from django.db.models import Exists, OuterRef, Sum
from django.db.models.functions import Coalesce
from msgspec import Struct

from apps.products.models import Product, StockMovement
from monoservices.database.fingerprints import Fingerprint, take_fingerprints
from monoservices.database.statements import enqueue

MAX_DIGITS = 18
"""Of an id: so many fit a column."""


class StockDiscrepancy(Struct, frozen=True):
    """Something that is wrong. text: for people, on one line.

    product_id: the product whose ledger `correct_ledger` can bring to its stock, if it can.
    """

    text: str
    product_id: int | None = None


class Moved(Struct, frozen=True):
    """Units moved, of the two quantities of a product."""

    delta: int = 0
    committed_delta: int = 0


# A movement from before there were two quantities does not know what it left committed.
_OFF = """
    SELECT * FROM (
        SELECT p.id, p.sku, p.stock_quantity, p.committed_quantity,
            coalesce(moved.units, 0) AS moved, coalesce(moved.committed, 0) AS committed,
            coalesce(last.quantity_after, 0) AS after,
            CASE WHEN last.id IS NULL THEN 0
                ELSE coalesce(last.committed_after, p.committed_quantity) END AS committed_after
        FROM products_product AS p
        LEFT JOIN (
            SELECT product_id, sum(delta) AS units, sum(committed_delta) AS committed,
                max(id) AS last_id
            FROM products_stockmovement GROUP BY product_id
        ) AS moved ON moved.product_id = p.id
        LEFT JOIN products_stockmovement AS last ON last.id = moved.last_id
    ) AS p
    WHERE p.moved <> p.stock_quantity OR p.after <> p.stock_quantity
        OR p.committed <> p.committed_quantity OR p.committed_after <> p.committed_quantity
    ORDER BY p.id
"""


def audit_stock() -> Iterator[StockDiscrepancy]:
    """Compare both quantities of each product with its ledger. Two statements."""
    for product_id, sku, *quantities in enqueue(_OFF).fetch():
        stock, committed, moved, moved_committed, after, committed_after = quantities
        name = f"Product {product_id} ({sku})"
        for text, quantity, ledger, newest in (
            (f"{name}: {stock} in stock", stock, moved, after),
            (f"{name}: {committed} committed", committed, moved_committed, committed_after),
        ):
            if quantity != ledger:
                yield StockDiscrepancy(f"{text}, but its movements sum to {ledger}.", product_id)
            elif quantity != newest:
                yield StockDiscrepancy(f"{text}, but its newest movement left {newest}.")
    orphans = StockMovement.objects.exclude(Exists(Product.objects.filter(pk=OuterRef("product"))))
    for movement_id, missing_id in orphans.order_by("pk").values_list("pk", "product_id"):
        yield StockDiscrepancy(
            f"Movement {movement_id}: moves product {missing_id}, which does not exist."
        )


def sum_movements(*, references: Collection[str]) -> dict[tuple[str, int], Moved]:
    """The units moved for documents, by (reference, product id). One statement."""
    movements = StockMovement.objects.filter(reference__in=references).exclude(reference="")
    sums = (
        movements.order_by()
        .values_list("reference", "product_id")
        .annotate(moved=Sum("delta"), committed=Coalesce(Sum("committed_delta"), 0))
    )
    return {(reference, product_id): Moved(*moved) for reference, product_id, *moved in sums}


def fingerprint_movements(*, prefix: str, seed: int) -> Iterator[Fingerprint]:
    """Fingerprints of units moved, by documents and products. One statement.

    The documents are those with numbers: references such as `prefix` and "7". The other id is that
    of the product for units to sell, and its negative for units on hand. Most movements of orders
    move none of those.
    """
    # PostgreSQL casts only what WHERE has left.
    rows = f"""
        SELECT CAST(substr(reference, {len(prefix) + 1}) AS bigint) AS id,
            product_id AS other_id, delta AS units
        FROM products_stockmovement WHERE {_begins(prefix)} AND {_ends_in_id(prefix)}
        UNION ALL
        SELECT CAST(substr(reference, {len(prefix) + 1}) AS bigint),
            -product_id, delta + coalesce(committed_delta, 0)
        FROM products_stockmovement WHERE delta + coalesce(committed_delta, 0) <> 0
            AND {_begins(prefix)} AND {_ends_in_id(prefix)}
    """  # noqa: S608 - made of constants
    yield from take_fingerprints(rows, [prefix, prefix], seed=seed)


def references_without_number(*, prefix: str) -> set[str]:
    """References that begin with `prefix` and are of no document with a number. One statement.

    "order:007" is one of them, as 7 is written "order:7".
    """
    condition = f"{_begins(prefix)} AND NOT ({_ends_in_id(prefix)})"
    statement = f"SELECT DISTINCT reference FROM products_stockmovement WHERE {condition}"  # noqa: S608
    return {reference for (reference,) in enqueue(statement, [prefix]).fetch()}


def _begins(prefix: str) -> str:
    """A condition with one parameter, the prefix. `LIKE` folds case on SQLite."""
    return f"substr(reference, 1, {len(prefix)}) = %s"


def _ends_in_id(prefix: str) -> str:
    start = len(prefix) + 1
    return f"""
        length(reference) BETWEEN {start} AND {len(prefix) + MAX_DIGITS}
        AND substr(reference, {start}, 1) <> '0'
        AND ltrim(substr(reference, {start}), '0123456789') = ''
    """

"""Importing products from rows: validated one by one, decided and written in chunks."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone
from msgspec import UNSET, Meta, Struct, UnsetType

from apps.products.models import Product, StockMovement, fold
from apps.products.reading import Row
from monoservices.access import COMMAND_LINE
from monoservices.database import (
    ColumnType,
    as_timestamp,
    insert_rows,
    reserve_ids,
    update_rows,
)
from monoservices.problems import Conflict, Invalid, Problem
from monoservices.types import MAX_INTEGER, Money, Name, Sku, Text, money
from monoservices.validation import convert

CHUNK_SIZE = 500
"""How many rows one transaction writes."""

_UPDATED: dict[str, ColumnType] = {
    "id": "bigint",
    "name": "text",
    "folded_name": "text",
    "description": "text",
    "price": "numeric",
    "stock_quantity": "integer",
    "updated_at": "timestamp",
}
_CREATED: dict[str, ColumnType] = _UPDATED | {
    "sku": "text",
    "is_active": "boolean",
    "created_at": "timestamp",
}
_MOVEMENT: dict[str, ColumnType] = {
    "product_id": "bigint",
    "delta": "integer",
    "quantity_after": "integer",
    "reason": "text",
    "reference": "text",
    "revision": "integer",
    "actor": "text",
    "note": "text",
    "created_at": "timestamp",
}


class ProductRow(Struct, frozen=True, kw_only=True):
    """A valid row. What is UNSET stays as it is, and is empty or 0 for a new product."""

    sku: Sku
    name: Name
    price: Money
    description: Text | UnsetType = UNSET
    stock_quantity: Annotated[int, Meta(ge=0, le=MAX_INTEGER)] | UnsetType = UNSET


class Result(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Outcome(Struct, frozen=True):
    """What became of `row`. reason: why it was refused; empty where it was not."""

    row: Row
    result: Result
    reason: str = ""


def import_products(
    rows: Iterable[Row], *, dry_run: bool = False, actor: str = COMMAND_LINE
) -> Iterator[Outcome]:
    """Create or update the product of each row's SKU; yield what became of each, in their order.

    500 rows are one transaction, done when the first of their outcomes comes. A row that cannot
    be taken is refused and never stops the others. Stock moves through the ledger: `received` for
    a new product, `counted` for one that was there. Rows that say what is known change nothing.
    dry_run: only look. As nothing is written, a new SKU that comes again 500 rows later counts as
        created again.
    Raises OperationalError for a passing fault of the database; the chunks before are done.
    """
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK_SIZE)):
        parsed = [_parse(row) for row in chunk]
        valid = [row for row in parsed if isinstance(row, ProductRow)]
        results = iter(_decide(valid) if dry_run else _write(valid, actor))
        for row, product_row in zip(chunk, parsed, strict=True):
            result = next(results) if isinstance(product_row, ProductRow) else product_row
            if isinstance(result, Problem):
                yield Outcome(row, Result.REFUSED, _reason(result))
            else:
                yield Outcome(row, result)


def _parse(row: Row) -> ProductRow | Problem:
    if row.problem:
        return Invalid(row.problem)
    try:
        return convert(row.fields, ProductRow, strict=False)
    except Invalid as problem:
        return problem


def _reason(problem: Problem) -> str:
    errors = [f"{name}: {text}" for name, texts in problem.errors.items() for text in texts]
    return " ".join(errors) or problem.detail


def _decide(rows: Sequence[ProductRow]) -> list[Result]:
    plan = _Plan(Product.objects.filter(sku__in=[row.sku for row in rows]))
    return [plan.add(row) for row in rows]


def _write(rows: Sequence[ProductRow], actor: str) -> Sequence[Result | Problem]:
    """Write the rows together; one by one where the database refuses them together."""
    try:
        return _write_together(rows, actor)
    except (DataError, IntegrityError) as error:
        if len(rows) == 1:
            return [Conflict(f"The database refuses it: {str(error).splitlines()[0]}")]
    return [result for row in rows for result in _write([row], actor)]


@transaction.atomic
def _write_together(rows: Sequence[ProductRow], actor: str) -> list[Result]:
    """Five statements, whatever the number of rows."""
    plan = _Plan(Product.objects.filter(sku__in=[row.sku for row in rows]).lock())
    results = [plan.add(row) for row in rows]
    plan.write(actor)
    return results


class _Plan:
    """What rows make of the products that there are."""

    def __init__(self, products: Iterable[Product]) -> None:
        self.products = {product.sku: product for product in products}
        self.created: list[Product] = []
        self.updated: dict[int, Product] = {}
        self.movements: list[tuple[Product, dict[str, Any]]] = []

    def add(self, row: ProductRow) -> Result:
        product = self.products.get(row.sku)
        if product is None:
            product = self.products[row.sku] = Product(sku=row.sku)
            self.created.append(product)
            self._set(product, row, StockMovement.Reason.RECEIVED)
            return Result.CREATED
        if not self._set(product, row, StockMovement.Reason.COUNTED):
            return Result.UNCHANGED
        if product.pk is not None:
            self.updated[product.pk] = product
        return Result.UPDATED

    def _set(self, product: Product, row: ProductRow, reason: str) -> bool:
        """Whether anything changed."""
        before = (product.name, product.description, product.price, product.stock_quantity)
        product.name, product.price = row.name, money(row.price)
        if row.description is not UNSET:
            product.description = row.description
        if row.stock_quantity is not UNSET:
            delta = row.stock_quantity - product.stock_quantity
            product.stock_quantity = row.stock_quantity
            if delta:
                movement = {"delta": delta, "quantity_after": row.stock_quantity, "reason": reason}
                self.movements.append((product, movement))
        after = (product.name, product.description, product.price, product.stock_quantity)
        return before != after

    def write(self, actor: str) -> None:
        now = as_timestamp(timezone.now())
        if self.created:
            reserved = reserve_ids(Product, len(self.created)).fetch()
            for product, (product_id,) in zip(self.created, reserved, strict=True):
                product.pk = product_id
            # By SKU, so that two imports of the same products cannot wait for each other.
            created = sorted(self.created, key=lambda product: product.sku)
            insert_rows(Product, _CREATED, [_product_columns(each, now) for each in created])
        if self.updated:
            rows = [_product_columns(each, now) for each in self.updated.values()]
            update_rows(Product, _UPDATED, rows)
        if self.movements:
            common = {"reference": "", "revision": 0, "actor": actor, "note": "", "created_at": now}
            insert_rows(
                StockMovement,
                _MOVEMENT,
                [{"product_id": p.pk} | movement | common for p, movement in self.movements],
            )


def _product_columns(product: Product, now: str) -> dict[str, Any]:
    return {
        "id": product.pk,
        "sku": product.sku,
        "name": product.name,
        "folded_name": fold(product.name),
        "description": product.description,
        "price": product.price,
        "stock_quantity": product.stock_quantity,
        "is_active": True,
        "created_at": now,
        "updated_at": now,
    }

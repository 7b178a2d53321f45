"""What rows of an import make of the products that there are, decided before it is written."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

from django.utils import timezone
from msgspec import UNSET, Meta, Struct, UnsetType

from apps.products.models import Product, StockMovement, fold
from apps.products.stock.ledger import MOVEMENT
from monoservices.api.problems import Forbidden, Problem
from monoservices.api.types import MAX_INTEGER, Money, Name, Sku, Text, money
from monoservices.database.engines import engine
from monoservices.database.rows import ColumnTypes, insert_rows, update_rows

_UPDATED: ColumnTypes = {
    "id": "bigint",
    "name": "text",
    "folded_name": "text",
    "description": "text",
    "price": "numeric",
    "stock_quantity": "integer",
    "is_active": "boolean",
    "updated_at": "timestamp",
}
_CREATED: ColumnTypes = {**_UPDATED, "sku": "text", "created_at": "timestamp"}


class ProductRow(Struct, frozen=True, kw_only=True):
    """A valid row. What is UNSET stays as it is; a new product is then on sale, empty and 0."""

    sku: Sku
    name: Name
    price: Money
    description: Text | UnsetType = UNSET
    stock_quantity: Annotated[int, Meta(ge=0, le=MAX_INTEGER)] | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class Result(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class ImportPlan:
    """Rows against the products of their SKUs, added one by one and written together.

    may_count: whether rows may change the stock of products that are there; they are refused
    otherwise.
    """

    def __init__(self, products: Iterable[Product], *, may_count: bool) -> None:
        self._products = {product.sku: product for product in products}
        self._may_count = may_count
        self._created: list[Product] = []
        self._updated: dict[int, Product] = {}
        self._movements: list[tuple[Product, dict[str, Any]]] = []

    def add(self, row: ProductRow) -> Result | Problem:
        """Take the row into the plan, and say what it does, or why it is refused."""
        product = self._products.get(row.sku)
        if product is None:
            product = self._products[row.sku] = Product(sku=row.sku)
            self._created.append(product)
            self._set(product, row, StockMovement.Reason.RECEIVED)
            return Result.CREATED
        counts = row.stock_quantity not in {UNSET, product.stock_quantity}
        if counts and not self._may_count:
            text = f"This needs the scope stock:write; there are {product.stock_quantity}."
            return Forbidden(errors={"stock_quantity": [text]})
        if not self._set(product, row, StockMovement.Reason.COUNTED):
            return Result.UNCHANGED
        if product.pk is not None:
            self._updated[product.pk] = product
        return Result.UPDATED

    def _set(self, product: Product, row: ProductRow, reason: str) -> bool:
        """Whether anything changed."""
        before = _content(product)
        product.name, product.price = row.name, money(row.price)
        if row.description is not UNSET:
            product.description = row.description
        if row.is_active is not UNSET:
            product.is_active = row.is_active
        if row.stock_quantity is not UNSET:
            delta = row.stock_quantity - product.stock_quantity
            product.stock_quantity = row.stock_quantity
            if delta:
                movement = {"delta": delta, "quantity_after": row.stock_quantity, "reason": reason}
                self._movements.append((product, movement))
        return before != _content(product)

    def write(self, actor: str) -> None:
        """Write what was added: four statements at most. Raises DataError, IntegrityError."""
        now = timezone.now()
        touched = {"updated_at": now}
        if self._created:
            reserved = engine().reserve_ids(Product, len(self._created)).fetch()
            for product, (product_id,) in zip(self._created, reserved, strict=True):
                product.pk = product_id
            # By SKU, so that two imports of the same products cannot wait for each other.
            created = sorted(self._created, key=lambda product: product.sku)
            rows = [_product_columns(product) for product in created]
            insert_rows(Product, _CREATED, rows, shared={"created_at": now, **touched})
        if self._updated:
            rows = [_product_columns(product) for product in self._updated.values()]
            update_rows(Product, _UPDATED, rows, shared=touched)
        if self._movements:
            insert_rows(
                StockMovement,
                MOVEMENT,
                [{"product_id": product.pk} | movement for product, movement in self._movements],
                shared={
                    "reference": "",
                    "revision": 0,
                    "actor": actor,
                    "note": "",
                    "created_at": now,
                },
            )


def _content(product: Product) -> tuple[Any, ...]:
    return (
        product.name,
        product.description,
        product.price,
        product.stock_quantity,
        product.is_active,
    )


def _product_columns(product: Product) -> dict[str, Any]:
    return {
        "id": product.pk,
        "sku": product.sku,
        "name": product.name,
        "folded_name": fold(product.name),
        "description": product.description,
        "price": product.price,
        "stock_quantity": product.stock_quantity,
        "is_active": product.is_active,
    }

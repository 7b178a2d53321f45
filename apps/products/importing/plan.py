"""What the rows of an import change, decided before anything is written."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from msgspec import UNSET

from apps.products.models import Product, StockMovement
from apps.products.names import fold
from apps.products.serializers import ProductRow
from monoservices.api.problems import Forbidden, Problem
from monoservices.api.serializers import sent_fields
from monoservices.api.types import money
from monoservices.database.engines import engine
from monoservices.database.rows import column_types, insert_rows, update_rows

_CREATED = column_types(Product)
_UPDATED = column_types(Product, without=("sku", "created_at"))
_MOVEMENT = column_types(StockMovement, without=("id", "idempotency_key"))


class Result(StrEnum):
    """What an import did with a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class ImportPlan:
    """What to write for rows, which are added one by one and written together.

    products: those with the SKUs of the rows. may_count: whether rows may change the stock of
    products that exist; if not, such rows are refused.
    """

    def __init__(self, products: Iterable[Product], *, may_count: bool) -> None:
        self._products = {product.sku: product for product in products}
        self._may_count = may_count
        self._created: list[Product] = []
        self._updated: dict[int, Product] = {}
        self._movements: list[dict[str, Any]] = []

    def add(self, row: ProductRow) -> Result | Problem:
        """Add the row to the plan. Return what it changes, or why it is refused."""
        product = self._products.get(row.sku)
        if product is None:
            product = self._products[row.sku] = Product(sku=row.sku)
            self._created.append(product)
            self._change(product, row, StockMovement.Reason.RECEIVED)
            return Result.CREATED
        counts = row.stock_quantity not in {UNSET, product.stock_quantity}
        if counts and not self._may_count:
            text = f"This needs the scope stock:write; there are {product.stock_quantity}."
            return Forbidden(errors={"stock_quantity": [text]})
        if not self._change(product, row, StockMovement.Reason.COUNTED):
            return Result.UNCHANGED
        if product.pk is not None:
            self._updated[product.pk] = product
        return Result.UPDATED

    def _change(self, product: Product, row: ProductRow, reason: str) -> bool:
        """Set what the row says. Return whether that changes anything."""
        said = sent_fields(row) | {"price": money(row.price)}
        changes = {name: value for name, value in said.items() if getattr(product, name) != value}
        if "stock_quantity" in changes:
            after = changes["stock_quantity"]
            delta = after - product.stock_quantity
            self._movements.append(
                {"product": product, "delta": delta, "quantity_after": after, "reason": reason}
            )
        for name, value in changes.items():
            setattr(product, name, value)
        return bool(changes)

    def write(self, actor: str) -> None:
        """Write what was added, in at most four statements. Raises DataError, IntegrityError."""
        now = engine().now()
        touched = {"updated_at": now}
        if self._created:
            reserved = engine().reserve_ids(Product, len(self._created)).fetch()
            for product, (product_id,) in zip(self._created, reserved, strict=True):
                product.pk = product_id
            # By SKU, so that two imports of the same products cannot deadlock.
            created = sorted(self._created, key=lambda product: product.sku)
            rows = [_columns(product) for product in created]
            insert_rows(Product, _CREATED, rows, shared={"created_at": now, **touched})
        if self._updated:
            rows = [_columns(product) for product in self._updated.values()]
            update_rows(Product, _UPDATED, rows, shared=touched)
        if self._movements:
            shared = {"reference": "", "revision": 0, "actor": actor, "note": "", "created_at": now}
            movements = [{**each, "product_id": each["product"].pk} for each in self._movements]
            insert_rows(StockMovement, _MOVEMENT, movements, shared=shared)


def _columns(product: Product) -> dict[str, Any]:
    return {**vars(product), "folded_name": fold(product.name)}

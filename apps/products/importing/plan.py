"""What the rows of an import change, decided before anything is written."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from msgspec import UNSET

from apps.products.exceptions import OutOfStock, ProductsError, TwoQuantities
from apps.products.models import Product, StockMovement
from apps.products.names import fold
from apps.products.serializers import ProductRow
from apps.products.stock.movements import set_stock
from monoservices.api.problems import Forbidden, Problem
from monoservices.api.serializers import sent_fields
from monoservices.api.types import money
from monoservices.database.engines import engine
from monoservices.database.rows import column_types, insert_rows, update_rows

_CREATED = column_types(Product)
_UPDATED = column_types(Product, without=("sku", "created_at"))
_MOVEMENT = column_types(StockMovement, without=("id", "idempotency_key"))


STOCK = ("stock_quantity", "committed_quantity", "on_hand")
"""The columns that say how many there are."""


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
        known = self._products.get(row.sku)
        product = known or Product(sku=row.sku)
        before = product.stock_quantity
        try:
            _set_stock(product, row)
        except ProductsError as refusal:
            return refusal
        delta = product.stock_quantity - before
        if known is None:
            self._products[row.sku] = product
            self._created.append(product)
            self._change(product, row, delta, StockMovement.Reason.RECEIVED)
            return Result.CREATED
        if delta and not self._may_count:
            product.stock_quantity = before
            name = "on_hand" if row.stock_quantity is UNSET else "stock_quantity"
            text = f"This needs the scope stock:write; there are {getattr(product, name)}."
            return Forbidden(errors={name: [text]})
        if not self._change(product, row, delta, StockMovement.Reason.COUNTED):
            return Result.UNCHANGED
        if product.pk is not None:
            self._updated[product.pk] = product
        return Result.UPDATED

    def _change(self, product: Product, row: ProductRow, delta: int, reason: str) -> bool:
        """Set what the row says; its stock is set already. Return whether anything changes."""
        said = {name: value for name, value in sent_fields(row).items() if name not in STOCK}
        said["price"] = money(row.price)
        changes = {name: value for name, value in said.items() if getattr(product, name) != value}
        if delta:
            movement = {"product": product, "delta": delta, "reason": reason}
            movement |= {"quantity_after": product.stock_quantity}
            movement |= {"committed_delta": 0, "committed_after": product.committed_quantity}
            self._movements.append(movement)
        for name, value in changes.items():
            setattr(product, name, value)
        return bool(changes or delta)

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


def _set_stock(product: Product, row: ProductRow) -> None:
    """Set what can be sold to what the row says, if it says so.

    `stock_quantity` says it, or `on_hand`, which counts the shelf. An export says both, which then
    go together. It also says where less than nothing can be sold, but no file can make it so.
    Raises TwoQuantities, OutOfStock, StockBeyondBounds.
    """
    to_sell, on_hand = row.stock_quantity, row.on_hand
    if to_sell is UNSET:
        if on_hand is not UNSET:
            set_stock(product, on_hand - product.committed_quantity, path="on_hand")
        return
    if on_hand is not UNSET and row.committed_quantity != on_hand - to_sell:
        raise TwoQuantities(errors={"on_hand": [TwoQuantities.default_detail]})
    if to_sell < 0 and to_sell != product.stock_quantity:
        raise OutOfStock(errors={"stock_quantity": ["Expected a whole number from 0."]})
    set_stock(product, to_sell, path="stock_quantity")


def _columns(product: Product) -> dict[str, Any]:
    return {**vars(product), "folded_name": fold(product.name)}

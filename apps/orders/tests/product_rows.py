"""Rows of products and of their ledger, for tests of orders to set up, change and read.

These functions do not call the operations of products. So the tests also run with nothing of
products but its tables, and a fake in place of the rest (`fake_communication`).
"""

from decimal import Decimal
from typing import Any

from apps.orders.microservice_communication import ProductSnapshot
from monoservices.testing.rows import insert_row, rows_of

PRODUCT = "products.Product"
MOVEMENT = "products.StockMovement"


def snapshot_of(row: dict[str, Any]) -> ProductSnapshot:
    """A row of products, as orders see it."""
    columns = ("id", "sku", "name", "price", "stock_quantity", "is_active")
    return ProductSnapshot(*(row[column] for column in columns))


def make_product(
    *, name: str = "Blue Mug", price: str = "5.00", stock: int = 10, sku: str = "", **columns: Any
) -> ProductSnapshot:
    """A product in the database, whose stock was received."""
    product_id = insert_row(
        PRODUCT,
        sku=sku or f"SKU-{rows_of(PRODUCT).count() + 1}",
        name=name,
        folded_name=name.casefold(),
        price=Decimal(price),
        stock_quantity=stock,
        **columns,
    )
    if stock:
        add_movement(product_id, stock, stock, reason="received")
    return read_product(product_id)


def read_product(product_id: int) -> ProductSnapshot:
    """The product as it is now."""
    return snapshot_of(rows_of(PRODUCT).get(pk=product_id))


def in_stock(product: ProductSnapshot) -> int:
    """How many are in stock now."""
    return read_product(product.id).stock_quantity


def committed(product: ProductSnapshot) -> int:
    """How many are promised to orders that are neither shipped nor canceled."""
    quantity: int = rows_of(PRODUCT).get(pk=product.id)["committed_quantity"]
    return quantity


def set_product(product: ProductSnapshot, **columns: Any) -> None:
    """Set columns of a product, and nothing else."""
    rows_of(PRODUCT).filter(pk=product.id).update(**columns)


def count_stock(product: ProductSnapshot, counted: int) -> None:
    """Set what can be sold to what was counted."""
    delta = counted - in_stock(product)
    set_product(product, stock_quantity=counted)
    add_movement(product.id, delta, counted, reason="counted")


def add_movement(
    product_id: int, delta: int, after: int, *, reason: str = "corrected", **columns: Any
) -> int:
    """A row of the ledger, which moves no stock and by default commits nothing; returns its id."""
    [now] = rows_of(PRODUCT).filter(pk=product_id).values_list("committed_quantity", flat=True)
    return insert_row(
        MOVEMENT,
        product_id=product_id,
        delta=delta,
        quantity_after=after,
        reason=reason,
        **{"actor": "tests", "committed_delta": 0, "committed_after": now} | columns,
    )


def ledger(product: ProductSnapshot | None = None) -> list[tuple[int, int, str, str]]:
    """(product id, delta, reason, actor) of one product's movements, or of all, oldest first."""
    movements = rows_of(MOVEMENT)
    if product is not None:
        movements = movements.filter(product_id=product.id)
    return [(row["product_id"], row["delta"], row["reason"], row["actor"]) for row in movements]

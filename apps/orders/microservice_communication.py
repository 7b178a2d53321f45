"""Everything that orders needs of products and accounts. No other module of orders touches them.

Reads are direct queries, and each function states how many statements it takes. Writes call the
owner's operations. Every result is frozen: no model instance and no QuerySet crosses over.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.utils.functional import SimpleLazyObject
from msgspec import structs

from apps.accounts.models import Client
from apps.accounts.operations import built_in_client_id
from apps.orders.placing.snapshots import ProductSnapshot
from apps.products.demo import create_demo_products
from apps.products.models import Product, ProductQuerySet
from apps.products.operations import (
    OpenCommitment,
    StockMove,
    correct_ledger,
    correct_reference,
    move_stock,
    open_commitments,
)
from apps.products.skus import ids_by_part_of_sku
from apps.products.stock.audit import (
    Moved,
    StockDiscrepancy,
    audit_stock,
    fingerprint_movements,
    references_without_number,
    sum_movements,
)
from apps.products.stock.for_orders import Lock, read_rows
from monoservices.services.contracts import Columns

RELIES_ON = (
    Columns("accounts.Client", id=int),
    Columns(
        "products.Product",
        id=int,
        sku=str,
        name=str,
        price=Decimal,
        stock_quantity=int,
        is_active=bool,
    ),
)

__all__ = [
    "Lock",
    "Moved",
    "OpenCommitment",
    "ProductSnapshot",
    "StockDiscrepancy",
    "StockMove",
    "audit_stock",
    "client_id_for",
    "correct_ledger",
    "correct_reference",
    "create_demo_products",
    "existing_client_ids",
    "fingerprint_movements",
    "get_product_by_id",
    "get_products_by_name",
    "get_products_named",
    "open_commitments",
    "product_ids_by_part_of_sku",
    "read_products",
    "references_without_number",
    "sum_movements",
    "take_stock",
]


def read_products(
    *, ids: Collection[int] = (), skus: Collection[str] = (), lock: Lock = "none"
) -> list[ProductSnapshot]:
    """The products with these ids or SKUs, as far as they exist. One statement.

    lock: `wait` locks their rows, in the order of their ids, until the transaction ends. `skip`
        locks those that no other transaction has locked, and marks the others as held: two
        statements.
    """
    products = [
        ProductSnapshot(key, sku, name, Decimal(price), stock, bool(is_active))
        for key, sku, name, price, stock, is_active in read_rows(ids=ids, skus=skus, lock=lock)
    ]
    if lock == "skip":
        taken = {product.id for product in products}
        others = (each for each in read_products(ids=ids, skus=skus) if each.id not in taken)
        products += [structs.replace(each, is_held=True) for each in others]
    return products


def get_products_by_name(name_filter: str | None = None) -> Sequence[ProductSnapshot]:
    """Products whose name contains `name_filter`, in any case; all products without it.

    One statement, when the result is first used.
    """
    products = Product.objects.all()
    if name_filter:
        products = products.named_like(name_filter)
    lazy: Sequence[ProductSnapshot] = SimpleLazyObject(lambda: _snapshots(products))  # type: ignore[assignment]
    return lazy


def get_product_by_id(product_id: int) -> ProductSnapshot | None:
    """The product with this id, or None. One statement."""
    return next(iter(read_products(ids=[product_id])), None)


def get_products_named(*, name: str) -> list[ProductSnapshot]:
    """The products on sale whose name is exactly `name`. One statement."""
    return _snapshots(Product.objects.filter(name=name, is_active=True))


def product_ids_by_part_of_sku(*, texts: Collection[str]) -> dict[str, list[int]]:
    """For each text, the ids of the products whose SKU contains it, in any case; in no order.

    One statement for each text.
    """
    return ids_by_part_of_sku(texts=texts)


def take_stock(
    *,
    moves: Sequence[StockMove],
    prices: Mapping[int, Decimal] | None = None,
    at: datetime | None = None,
) -> None:
    """Write these movements and change stock by them; last in a transaction.

    One statement on PostgreSQL, two on SQLite.
    prices: what each product cost when it was read, by its id.
    at: the moment it happened; now where it is None.
    Raises IntegrityError where a product's price has changed or it is no longer on sale, and where
    a sale would leave less than nothing to sell.
    """
    move_stock(moves=moves, prices=prices, at=at)


def client_id_for(*, built_in: str) -> int:
    """The id of a client that is built in: `console`, `command line` or `demo`."""
    return built_in_client_id(name=built_in)


def existing_client_ids(*, ids: Collection[int]) -> set[int]:
    """Which of these ids are clients' ids. One statement."""
    return set(Client.objects.filter(pk__in=ids).values_list("pk", flat=True))


def _snapshots(products: ProductQuerySet) -> list[ProductSnapshot]:
    columns = products.values_list("id", "sku", "name", "price", "stock_quantity", "is_active")
    return [ProductSnapshot(*row) for row in columns]

"""Every write of this service. Each function owns its transaction."""

from apps.products.catalogue import archive_product, create_product, update_product
from apps.products.importing.importer import Outcome, import_products
from apps.products.importing.plan import Result
from apps.products.stock.corrections import correct_ledger, correct_reference
from apps.products.stock.for_orders import StockMove, move_stock
from apps.products.stock.many_products import AdjustedStock, Adjustment, adjust_stock
from apps.products.stock.one_product import change_stock, count_stock
from apps.products.stock.opening import OpenCommitment, open_commitments

__all__ = [
    "AdjustedStock",
    "Adjustment",
    "OpenCommitment",
    "Outcome",
    "Result",
    "StockMove",
    "adjust_stock",
    "archive_product",
    "change_stock",
    "correct_ledger",
    "correct_reference",
    "count_stock",
    "create_product",
    "import_products",
    "move_stock",
    "open_commitments",
    "update_product",
]

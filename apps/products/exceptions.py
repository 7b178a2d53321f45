"""The errors of products."""

from monoservices.api.problems import Conflict, Invalid, KeyReused, NotFound, Problem


class ProductsError(Problem):
    """The base of this service's errors."""


class ProductNotFound(ProductsError, NotFound):
    default_detail = "There is no such product."


class SkuExists(ProductsError, Conflict):
    code = "sku_exists"
    default_detail = "Another product has this SKU."


class OutOfStock(ProductsError, Conflict):
    code = "out_of_stock"
    default_detail = "There is not enough stock."


class StockBeyondBounds(ProductsError, Invalid):
    default_detail = "2147483647 units of a product can be on hand at most."


class StockChanged(ProductsError, Conflict):
    code = "stock_changed"
    default_detail = "Another quantity is on hand than expected."


class NothingReceived(ProductsError, Invalid):
    default_detail = "Only a correction takes units away."


class TwoQuantities(ProductsError, Invalid):
    default_detail = "Say either stock_quantity or on_hand, or both as in an export."


class MovementKeyReused(ProductsError, KeyReused):
    pass


class UnusableFile(ProductsError, Invalid):
    """The file as a whole cannot be read as products."""

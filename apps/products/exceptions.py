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
    default_detail = "A product's stock can be 2147483647 at most."


class MovementKeyReused(ProductsError, KeyReused):
    pass


class UnusableFile(ProductsError, Invalid):
    """The file as a whole cannot be read as products."""

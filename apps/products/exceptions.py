"""The errors of products.

ProductsError
├── ProductNotFound        404
├── SkuExists              409
├── OutOfStock             409
├── StockBeyondBounds      400
├── MovementKeyReused      422
└── UnusableFile           400
"""

from monoservices.api.problems import Conflict, Invalid, NotFound, Problem, Unprocessable


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


class MovementKeyReused(ProductsError, Unprocessable):
    code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key came before with another request."


class UnusableFile(ProductsError, Invalid):
    """The file as a whole cannot be read as products."""

from monoservices.services.config import ServiceConfig
from monoservices.services.scopes import Scope

MAX_IMPORT_BYTES = 64 * 1024 * 1024
"""The largest file that the API imports."""


class ProductsConfig(ServiceConfig):
    """The catalogue and its stock."""

    name = "apps.products"
    scopes = (
        Scope("products:read", "Read products and their stock movements.", granted_by_default=True),
        Scope("products:write", "Create, change and archive products."),
        Scope("stock:write", "Receive, return, correct and count stock."),
    )
    large_bodies = {"product-import": MAX_IMPORT_BYTES}

from monoservices.access import Scope
from monoservices.apps import ServiceConfig


class ProductsConfig(ServiceConfig):
    """The catalogue and its stock."""

    name = "apps.products"
    scopes = (
        Scope("products:read", "Read products and their stock movements."),
        Scope("products:write", "Create, change and archive products."),
        Scope("stock:write", "Receive, return, correct and count stock."),
    )

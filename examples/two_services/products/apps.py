from monoservices.services.config import ServiceConfig


class ProductsConfig(ServiceConfig):
    name = "products"

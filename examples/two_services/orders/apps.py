from monoservices.services.config import ServiceConfig


class OrdersConfig(ServiceConfig):
    name = "orders"
    depends_on = ("products",)

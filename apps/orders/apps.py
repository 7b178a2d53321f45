from monoservices.services.config import Books, ServiceConfig
from monoservices.services.scopes import Oversight, Scope


class OrdersConfig(ServiceConfig):
    """Orders: placing, changing, fulfilling and canceling them."""

    name = "apps.orders"
    depends_on = ("products", "accounts")
    scopes = (
        Scope("orders:read", "Read orders.", granted_by_default=True),
        Scope("orders:write", "Place, change and cancel orders.", granted_by_default=True),
        Scope("orders:manage", "See every client's orders, and who moved stock; ship and deliver."),
        Scope("orders:price", "Set the price of an order's lines, and lower its total by charges."),
    )
    books = Books(audit="apps.orders.books.audit.audit", repair="apps.orders.books.repair.repair")
    chores = ("apps.orders.operations.sweep_expired_holds",)
    oversight = Oversight(scope="orders:manage", permission="orders.view_order")

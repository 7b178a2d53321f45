from monoservices.services.config import Books, ServiceConfig
from monoservices.services.scopes import Scope


class PaymentsConfig(ServiceConfig):
    """Money received for orders, and money given back."""

    name = "apps.payments"
    depends_on = ("orders",)
    scopes = (
        Scope("payments:read", "Read payments and refunds."),
        Scope("payments:write", "Record payments and refunds."),
    )
    provides = ("payments of orders",)
    books = Books(audit="apps.payments.audit.audit")

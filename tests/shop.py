"""The services that tests in this directory list by name, with their routes, scopes and pages.

A service that is added to the project brings its own tests. What these tests say of every service,
they derive for it from what it declares.
"""

from monoservices.services.ownership import service_of_module

SHOP = ("accounts", "products", "orders", "payments")


def is_of_shop(module: str) -> bool:
    """Whether a module, by its dotted name, belongs to one of these services or to none."""
    service = service_of_module(module)
    return service is None or service.label in SHOP

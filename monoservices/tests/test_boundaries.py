import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import models
from django.test.utils import isolate_apps

from apps.products.models import Product
from monoservices.apps import ServiceConfig
from monoservices.boundaries import (
    part_of,
    service_of_model,
    service_of_module,
    service_of_table,
    table_owners,
)


def _service(name: str) -> ServiceConfig:
    found = service_of_module(name)
    assert found is not None
    return found


def test_the_service_of_a_module() -> None:
    assert _service("apps.orders").label == "orders"
    assert _service("apps.orders.tests.test_views").label == "orders"
    assert service_of_module("apps.ordersheet.views") is None
    assert service_of_module("apps") is None
    assert service_of_module("django.db.models") is None


def test_the_service_of_a_model() -> None:
    assert service_of_model(get_user_model()) is _service("apps.accounts")
    assert service_of_model(Permission) is None


def test_the_service_of_a_table() -> None:
    assert service_of_table("orders_order") is _service("apps.orders")
    assert service_of_table("accounts_user_groups") is _service("apps.accounts")
    assert service_of_table("auth_group") is None
    assert {each.label for each in table_owners().values()} == {"accounts", "products", "orders"}


def test_the_part_of_a_module() -> None:
    orders = _service("apps.orders")
    assert part_of("apps.orders.views", orders) == "views"
    assert part_of("apps.orders.management.commands.reconcile", orders) == "management"
    assert part_of("apps.orders", orders) == ""


@isolate_apps("apps.orders")
def test_a_proxy_does_not_take_the_table_of_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    class OfProducts(Product):
        class Meta:
            app_label = "orders"
            proxy = True

    class SameTable(models.Model):  # noqa: DJ008 - has no rows
        class Meta:
            app_label = "orders"
            managed = False
            db_table = "products_product"

    class View(models.Model):  # noqa: DJ008 - has no rows
        class Meta:
            app_label = "orders"
            managed = False
            db_table = "orders_view"

    disguised = [OfProducts, SameTable, View]
    monkeypatch.setattr(_service("apps.orders"), "get_models", lambda **_: disguised)
    owners = table_owners()
    assert owners["products_product"].label == "products"
    assert owners["orders_view"].label == "orders"

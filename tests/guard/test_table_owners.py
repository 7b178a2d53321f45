"""Who owns a table that several models name."""

import pytest
from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from apps.products.models import Product
from monoservices.services.ownership import table_owners


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
    monkeypatch.setattr(apps.get_app_config("orders"), "get_models", lambda **_: disguised)
    owners = table_owners()
    assert owners["products_product"].label == "products"
    assert owners["orders_view"].label == "orders"

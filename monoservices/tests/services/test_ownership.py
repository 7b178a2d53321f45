import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType

from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import (
    part_of,
    service_of_model,
    service_of_module,
    table_owners,
)
from monoservices.tests.boundaries.checks.conftest import Project, service

MODELS = """
from django.db import models


class Order(models.Model):
    tags = models.ManyToManyField("self")
"""


@pytest.fixture(autouse=True)
def _services(project: Project) -> None:
    files = {
        "shop/sales/apps.py": service("sales", name="shop.sales"),
        "shop/sales/models.py": MODELS,
        "shop/stock/apps.py": service("stock", name="shop.stock"),
    }
    project(files, "E001")


def _label(found: ServiceConfig | None) -> str | None:
    return found.label if found else None


def test_the_service_of_a_module() -> None:
    assert _label(service_of_module("shop.sales")) == "sales"
    assert _label(service_of_module("shop.sales.tests.test_views")) == "sales"
    assert service_of_module("shop.salesroom.views") is None
    assert service_of_module("shop") is None
    assert service_of_module("django.db.models") is None


def test_the_service_of_a_model() -> None:
    assert _label(service_of_model(apps.get_app_config("sales").get_model("Order"))) == "sales"
    assert service_of_model(ContentType) is None


def test_the_owners_of_tables() -> None:
    assert {table: owner.label for table, owner in table_owners().items()} == {
        "sales_order": "sales",
        "sales_order_tags": "sales",
    }


def test_the_part_of_a_module() -> None:
    sales = service_of_module("shop.sales")
    assert sales is not None
    assert part_of("shop.sales.views", sales) == "views"
    assert part_of("shop.sales.management.commands.reconcile", sales) == "management"
    assert part_of("shop.sales", sales) == ""

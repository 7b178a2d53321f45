"""Migrations: what is only named in them runs for their service too."""

from collections.abc import Callable

import pytest
from django.db import connection, migrations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from apps.products.models import Product
from tests.guard.standing import standing_in

pytestmark = pytest.mark.django_db(transaction=True)

MODULE = "apps.orders.migrations.0099_reaching"


def _rename(apps: object, editor: object) -> None:
    Product.objects.update(name="Red Mug")


def _migrate(operation: Operation, module: str = MODULE) -> None:
    class Migration(migrations.Migration):
        __module__ = module
        operations = [operation]

    # A transaction of the editor's own would not end on SQLite where a statement is refused.
    with connection.schema_editor(atomic=False) as editor:
        Migration("0099_reaching", "orders").apply(ProjectState(), editor)


@pytest.mark.parametrize(
    "operation",
    [
        migrations.RunSQL("UPDATE products_product SET name = 'Red Mug'"),
        migrations.RunPython(standing_in(MODULE, _rename)),
    ],
    ids=["sql", "python"],
)
def test_a_migration_at_the_table_of_another_service(
    refused: Callable[..., str], operation: Operation
) -> None:
    assert "changes products_product of products" in refused(lambda: _migrate(operation))


@pytest.mark.parametrize(
    ("module", "target", "is_free"),
    [
        (MODULE, "products_product", True),
        ("apps.products.migrations.0099_reaching", "orders_order", False),
    ],
    ids=["declared", "not declared"],
)
def test_a_foreign_key_leads_to_a_declared_service(
    refused: Callable[..., str], module: str, target: str, is_free: bool
) -> None:
    create = migrations.RunSQL(f"CREATE TABLE reaching (id bigint REFERENCES {target} (id))")
    if is_free:
        _migrate(create, module)
        _migrate(migrations.RunSQL("DROP TABLE reaching"), module)
        return
    what = refused(lambda: _migrate(create, module), service="products", other="orders")
    assert what.endswith("refers to orders_order of orders, which its depends_on does not name")

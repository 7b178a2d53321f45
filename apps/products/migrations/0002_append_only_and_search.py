from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from monoservices.database.append_only import AppendOnly
from monoservices.database.engines import engine_of


def create_search_index(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """`contains` in any position, by trigrams; SQLite scans instead."""
    index = engine_of(schema_editor.connection).substring_index(
        "product_by_folded_name", table="products_product", column="folded_name"
    )
    for sql in index:
        schema_editor.execute(sql)


def drop_search_index(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP INDEX IF EXISTS product_by_folded_name")


class Migration(migrations.Migration):
    dependencies = [("products", "0001_initial")]
    operations = [
        AppendOnly("StockMovement"),
        migrations.RunPython(create_search_index, drop_search_index),
    ]

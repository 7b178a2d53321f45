from typing import Any

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from monoservices.database.append_only import AppendOnly


def create_search_index(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """`contains` in any position, by trigrams; SQLite scans instead."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE INDEX product_by_folded_name ON products_product"
            " USING gin (folded_name gin_trgm_ops)"
        )


def drop_search_index(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX product_by_folded_name")


class Migration(migrations.Migration):
    dependencies = [("products", "0001_initial")]
    operations = [
        AppendOnly("StockMovement"),
        TrigramExtension(),
        migrations.RunPython(create_search_index, drop_search_index),
    ]

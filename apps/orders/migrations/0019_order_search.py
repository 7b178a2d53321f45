from typing import Any

from django.db import migrations, models

from apps.orders.searching.texts import INDEX, index_of_texts
from monoservices.database.engines import engine_of
from monoservices.database.migrating import AddIndexConcurrently


def create_index(apps: Any, schema_editor: Any) -> None:
    engine = engine_of(schema_editor.connection)
    with engine.long_statements(schema_editor.connection):
        for sql in index_of_texts(engine):
            schema_editor.execute(sql, params=None)


def drop_index(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(f"DROP INDEX IF EXISTS {INDEX}")


class Migration(migrations.Migration):
    """Others write while PostgreSQL makes the indexes. If this fails, it can run again."""

    atomic = False
    dependencies = [("orders", "0018_partly_shipped_indexed"), ("products", "0010_part_of_sku")]
    operations = [
        migrations.RunPython(create_index, drop_index),
        AddIndexConcurrently(
            model_name="orderline",
            index=models.Index(fields=("product", "order"), name="line_by_product"),
        ),
    ]

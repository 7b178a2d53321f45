from typing import Any

from django.db import migrations

from apps.products.skus import INDEX, index_of_skus
from monoservices.database.engines import engine_of


def create_index(apps: Any, schema_editor: Any) -> None:
    engine = engine_of(schema_editor.connection)
    with engine.long_statements(schema_editor.connection):
        for sql in index_of_skus(engine):
            schema_editor.execute(sql, params=None)


def drop_index(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(f"DROP INDEX IF EXISTS {INDEX}")


class Migration(migrations.Migration):
    """Others write while PostgreSQL makes the index. If this fails, it can run again."""

    atomic = False
    dependencies = [("products", "0009_committed_of_all")]
    operations = [migrations.RunPython(create_index, drop_index)]

"""Append-only tables: a migration operation."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from monoservices.database.engines import engine_of


class AppendOnly(migrations.operations.base.Operation):
    """Reject UPDATE and DELETE on a model's table with IntegrityError, by triggers."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        table = to_state.apps.get_model(app_label, self.model_name)._meta.db_table
        forwards, _ = engine_of(schema_editor.connection).append_only(table)
        for sql in forwards:
            schema_editor.execute(sql, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        table = from_state.apps.get_model(app_label, self.model_name)._meta.db_table
        _, backwards = engine_of(schema_editor.connection).append_only(table)
        for sql in backwards:
            schema_editor.execute(sql, params=None)

    def describe(self) -> str:
        return f"Make the table of {self.model_name} append-only"

"""New CHECKs on tables that are in use: migration operations."""

from typing import Any

from django.db.migrations.operations import AddConstraint
from django.db.migrations.operations.base import Operation

from monoservices.database.engines import engine_of


class AddCheck(AddConstraint):
    """Add a CHECK for new rows. A later migration has `ValidateCheck` read the old ones.

    A migration is one transaction, which keeps its locks to the end. PostgreSQL locks the whole
    table to add the constraint, and must not read a million rows before it lets go of the table.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            database = engine_of(schema_editor.connection)
            database.add_check(schema_editor, model, self.constraint)  # type: ignore[arg-type]


class ValidateCheck(Operation):
    """Let a CHECK of `AddCheck` hold for all rows, while others read and write the table.

    model_name: whose table. name: of the constraint. Backwards, nothing happens.
    """

    reversible = True

    def __init__(self, model_name: str, name: str) -> None:
        self.model_name = model_name
        self.name = name

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            engine_of(schema_editor.connection).validate_check(schema_editor, model, self.name)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        pass

    def describe(self) -> str:
        return f"Check that all rows of {self.model_name} obey {self.name}"

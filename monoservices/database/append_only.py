"""Append-only tables: migration operations."""

from collections.abc import Iterator
from typing import Any

from django.db import NotSupportedError, migrations
from django.db.models import UniqueConstraint

from monoservices.database.engines import engine_of
from monoservices.database.statements import UniqueKey


class AppendOnly(migrations.operations.base.Operation):
    """Reject whatever changes or removes rows of a model's table with IntegrityError, by triggers.

    That is UPDATE and DELETE, TRUNCATE on PostgreSQL, and INSERT OR REPLACE on SQLite, which needs
    the unique keys: see `RenewAppendOnly`.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._execute(schema_editor, to_state.apps.get_model(app_label, self.model_name), 0)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._execute(schema_editor, from_state.apps.get_model(app_label, self.model_name), 1)

    def _execute(self, schema_editor: Any, model: Any, direction: int) -> None:
        keys = [*_unique_keys(model, schema_editor)]
        statements = engine_of(schema_editor.connection).append_only(model._meta.db_table, keys)
        for sql in statements[direction]:
            schema_editor.execute(sql, params=None)

    def describe(self) -> str:
        return f"Make the table of {self.model_name} append-only"


class RenewAppendOnly(AppendOnly):
    """Create the triggers of an append-only table again.

    Needed after its unique keys have changed, and after Django has rebuilt the table on SQLite,
    which loses triggers. Backwards, the table stays append-only.
    """

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self.database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Create the triggers that make the table of {self.model_name} append-only again"


def _unique_keys(model: Any, schema_editor: Any) -> Iterator[UniqueKey]:
    """All unique keys of the model's table. Raises NotSupportedError for one of expressions."""

    def columns(names: Any) -> list[str]:
        fields = [model._meta.get_field(name) for name in names]
        return [schema_editor.quote_name(field.column) for field in fields]

    for field in model._meta.concrete_fields:
        if field.unique:
            yield columns([field.name]), ""
    for names in model._meta.unique_together:
        yield columns(names), ""
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            if constraint.expressions:
                raise NotSupportedError(
                    f"{constraint.name} consists of expressions, which AppendOnly cannot guard."
                )
            # What Django would write, such as: CREATE UNIQUE INDEX … WHERE NOT ("text" = '')
            condition = str(constraint.create_sql(model, schema_editor)).partition(" WHERE ")[2]
            yield columns(constraint.fields), condition

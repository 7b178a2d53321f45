"""Migration operations that change a large table while others use it.

On PostgreSQL, an operation that reads the whole table under a lock makes everybody wait who uses
the table. So put into migrations of their own, in this order:

1. columns and `AddConstraintNotValid`: the new constraint binds new rows at once, and no old row is
   read. The lock is over within milliseconds.
2. `ValidateConstraint`: old rows are checked, while others read and write. In the migration of the
   first step, it would hold that step's lock meanwhile.
3. `AddIndexConcurrently` or `AddUniqueConcurrently`, in a migration with `atomic = False` that has
   no other operation. If such a migration fails, it can run again.

`manage.py migrate` may then run for long, so these operations allow each statement an hour
(`Engine.long_statements`; RunPython can use it too). They still wait at most `lock_timeout` for a
lock: everybody who comes later would wait behind them.

`DropIndexOfForeignKey` drops an index without touching its constraint.

On SQLite, where one writes at a time and nobody can while it migrates, they do what Django's
operations do. Like those, a new constraint rebuilds its table there, which loses triggers: put
`RenewAppendOnly` after it for a table that is append-only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import NotSupportedError, migrations, transaction
from django.db.models import CheckConstraint, UniqueConstraint
from django.db.models.indexes import Index

from monoservices.database.engines import engine_of


class _AddConstraint(migrations.AddConstraint):
    """Adds a constraint by `_add` on PostgreSQL, and as Django does on SQLite."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not _is_concurrent(schema_editor):
            with transaction.atomic(schema_editor.connection.alias):  # it may rebuild the table
                super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(schema_editor.connection.alias, model):
            self._add(schema_editor, model)

    def _add(self, schema_editor: Any, model: Any) -> None:
        raise NotImplementedError


class AddConstraintNotValid(_AddConstraint):
    """Add a CHECK that binds new and changed rows. `ValidateConstraint` checks the old ones.

    SQLite checks the old rows here.
    """

    constraint: CheckConstraint

    def __init__(self, model_name: str, constraint: CheckConstraint) -> None:
        if not isinstance(constraint, CheckConstraint):
            raise TypeError("AddConstraintNotValid takes a CheckConstraint.")
        super().__init__(model_name, constraint)

    def _add(self, schema_editor: Any, model: Any) -> None:
        sql = self.constraint.create_sql(model, schema_editor)
        schema_editor.execute(f"{sql} NOT VALID", params=None)

    def describe(self) -> str:
        return f"Create constraint {self.constraint.name} on model {self.model_name}, not validated"


class ValidateConstraint(migrations.operations.base.Operation):
    """Check the rows that are older than a constraint. Backwards, nothing changes.

    Raises IntegrityError if a row breaks the constraint.
    """

    reduces_to_sql = True
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
        allowed = self.allow_migrate_model(schema_editor.connection.alias, model)
        if allowed and _is_concurrent(schema_editor):
            table = schema_editor.quote_name(model._meta.db_table)
            constraint = schema_editor.quote_name(self.name)
            with _long_statements(schema_editor):
                schema_editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        pass

    def describe(self) -> str:
        return f"Validate constraint {self.name} of model {self.model_name}"


class _OutsideTransaction(migrations.operations.base.Operation):
    """On PostgreSQL, its statements run outside of a transaction."""

    atomic = False

    def _create(self, schema_editor: Any, name: str, sql: str) -> None:
        """Execute CREATE INDEX. What remains of an attempt that failed is dropped first."""
        _refuse_transaction(self, schema_editor)
        index = schema_editor.quote_name(name)
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")
        with _long_statements(schema_editor):
            schema_editor.execute(sql, params=None)


class AddIndexConcurrently(_OutsideTransaction, migrations.AddIndex):
    """Add an index while others write. The migration needs `atomic = False`."""

    index: Index

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not _is_concurrent(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(schema_editor.connection.alias, model):
            sql = self.index.create_sql(model, schema_editor, concurrently=True)
            self._create(schema_editor, self.index.name, str(sql))

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if not _is_concurrent(schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(schema_editor.connection.alias, model):
            _refuse_transaction(self, schema_editor)
            schema_editor.remove_index(model, self.index, concurrently=True)

    def describe(self) -> str:
        return f"{super().describe()}, concurrently"


class AddUniqueConcurrently(_OutsideTransaction, _AddConstraint):
    """Add a unique constraint of fields while others write. The migration needs `atomic = False`.

    Raises IntegrityError if rows break the constraint.
    """

    constraint: UniqueConstraint

    def __init__(self, model_name: str, constraint: UniqueConstraint) -> None:
        if not isinstance(constraint, UniqueConstraint) or constraint.expressions:
            raise TypeError("AddUniqueConcurrently takes a UniqueConstraint of fields.")
        super().__init__(model_name, constraint)

    def _add(self, schema_editor: Any, model: Any) -> None:
        name = schema_editor.quote_name(self.constraint.name)
        table = schema_editor.quote_name(model._meta.db_table)
        as_index, as_key = (
            f"CREATE UNIQUE INDEX {name} ",  # what Django writes if there is a condition
            f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE ",
        )
        sql = str(self.constraint.create_sql(model, schema_editor))
        columns = sql.removeprefix(as_key)
        is_key = columns.startswith("(") and columns.endswith(")")
        if not is_key and not sql.startswith(as_index):
            raise NotSupportedError(f"This cannot be added concurrently: {sql}")
        rest = f"ON {table} {columns}" if is_key else sql.removeprefix(as_index)
        create = f"CREATE UNIQUE INDEX CONCURRENTLY {name} {rest}"
        self._create(schema_editor, self.constraint.name, create)
        if is_key:
            schema_editor.execute(f"{as_key}USING INDEX {name}")

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        with transaction.atomic(schema_editor.connection.alias):
            super().database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"{super().describe()}, concurrently"


class DropIndexOfForeignKey(migrations.AlterField):
    """Alter a foreign key to `db_index=False`, where another index begins with its column.

    AlterField would also drop the constraint and add it again, which reads both tables under a lock
    that keeps everybody out.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not _is_concurrent(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(schema_editor.connection.alias, model):
            column = model._meta.get_field(self.name).column
            table = model._meta.db_table
            name = schema_editor._create_index_name(table, [column])  # noqa: SLF001 - nothing public
            schema_editor.execute(f"DROP INDEX IF EXISTS {schema_editor.quote_name(name)}")

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        super().database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Drop the index of {self.name} on {self.model_name}"


def _is_concurrent(schema_editor: Any) -> bool:
    return engine_of(schema_editor.connection).LOCKS_ROWS


@contextmanager
def _long_statements(schema_editor: Any) -> Iterator[None]:
    if schema_editor.collect_sql:
        yield
        return
    database = schema_editor.connection
    with engine_of(database).long_statements(database):
        yield


def _refuse_transaction(
    operation: migrations.operations.base.Operation, schema_editor: Any
) -> None:
    if schema_editor.connection.in_atomic_block:
        raise NotSupportedError(
            f"{type(operation).__name__} needs `atomic = False` in its migration."
        )

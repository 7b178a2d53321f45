"""Migrations of large tables, with a table that the test creates and drops."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import (
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    connection,
    migrations,
    models,
    transaction,
)
from django.db.migrations.state import ProjectState
from django.test.utils import CaptureQueriesContext

from monoservices.database.engines import engine
from monoservices.database.migrating import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    AddUniqueConcurrently,
    DropIndexOfForeignKey,
    ValidateConstraint,
)

CREATE = migrations.CreateModel(
    "Leaf",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("number", models.IntegerField()),
        ("text", models.TextField(default="")),
    ],
)
POSITIVE = models.CheckConstraint(name="leaf_positive", condition=models.Q(number__gt=0))
CHECK = AddConstraintNotValid("Leaf", POSITIVE)
VALIDATE = ValidateConstraint("Leaf", "leaf_positive")
INDEX = AddIndexConcurrently(
    "Leaf",
    models.Index(fields=["number"], name="leaf_by_number", condition=models.Q(number__gt=1)),
)
UNIQUE = AddUniqueConcurrently(
    "Leaf", models.UniqueConstraint(fields=["number", "text"], name="leaf_once")
)
UNIQUE_IN_PART = AddUniqueConcurrently(
    "Leaf",
    models.UniqueConstraint(
        fields=["number"], name="leaf_once_in_part", condition=~models.Q(text="")
    ),
)
on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite locks everything and rebuilds tables"
)


@pytest.fixture
def state(transactional_db: None) -> Iterator[ProjectState]:
    """A project with one model. Its table exists and is empty."""
    before, after = ProjectState(), ProjectState()
    CREATE.state_forwards("garden", after)
    with connection.schema_editor() as editor:
        CREATE.database_forwards("garden", editor, before, after)
    yield after.clone()
    with connection.schema_editor() as editor:
        CREATE.database_backwards("garden", editor, after, before)


def migrate(
    state: ProjectState, *steps: Any, atomic: bool = True, back: bool = False
) -> ProjectState:
    """Do what `manage.py migrate` does with a migration of these operations.

    Returns the new state; backwards, it takes the state before the migration.
    """
    of_these = type("Migration", (migrations.Migration,), {"operations": steps, "atomic": atomic})
    migration: migrations.Migration = of_these("0002_steps", "garden")
    with connection.schema_editor(atomic=atomic) as editor:
        if back:
            return migration.unapply(state.clone(), editor)
        return migration.apply(state.clone(), editor)


def insert(number: int, text: str = "", **more: int) -> None:
    row: dict[str, Any] = {"number": number, "text": text} | more
    values = ", ".join(["%s"] * len(row))
    sql = f"INSERT INTO garden_leaf ({', '.join(row)}) VALUES ({values})"  # noqa: S608 - constants
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [*row.values()])


def delete(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM garden_leaf WHERE number = %s", [number])


def value(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        [(first,)] = cursor.fetchall()
        return first


def names() -> set[str]:
    """Of the constraints and indexes of the table."""
    with connection.cursor() as cursor:
        return set(connection.introspection.get_constraints(cursor, "garden_leaf"))


@pytest.mark.parametrize("atomic", [True, False])
def test_a_constraint_binds_new_rows_and_then_old_ones(state: ProjectState, atomic: bool) -> None:
    insert(1)
    checked = migrate(state, CHECK, atomic=atomic)
    assert checked.models["garden", "leaf"].options["constraints"] == [POSITIVE]
    with pytest.raises(IntegrityError, match="leaf_positive"):
        insert(0)
    migrate(checked, VALIDATE, atomic=atomic)
    migrate(state, CHECK, VALIDATE, atomic=atomic, back=True)
    insert(0)


@on_postgresql
def test_an_old_row_is_read_by_validating_alone(state: ProjectState) -> None:
    insert(0)
    checked = migrate(state, CHECK)
    with pytest.raises(IntegrityError, match="leaf_positive"):
        migrate(checked, VALIDATE)
    validated = "SELECT convalidated FROM pg_constraint WHERE conname = 'leaf_positive'"
    assert value(validated) is False
    delete(0)
    migrate(checked, VALIDATE)
    assert value(validated) is True


@on_postgresql
def test_others_write_while_old_rows_are_read(state: ProjectState) -> None:
    checked = migrate(state, CHECK)
    with transaction.atomic(), connection.schema_editor(atomic=False) as editor:
        VALIDATE.database_forwards("garden", editor, checked, checked)
        locks = (
            "SELECT mode FROM pg_locks WHERE pid = pg_backend_pid()"
            " AND relation = 'garden_leaf'::regclass"
        )
        assert value(locks) == "ShareUpdateExclusiveLock"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL checks them later")
@pytest.mark.parametrize("atomic", [True, False])
def test_sqlite_reads_old_rows_at_once_and_then_changes_nothing(
    state: ProjectState, atomic: bool
) -> None:
    insert(0)
    with pytest.raises(IntegrityError, match="leaf_positive"):
        migrate(state, CHECK, atomic=atomic)
    assert "leaf_positive" not in names()
    assert value("SELECT count(*) FROM garden_leaf") == 1
    assert value("SELECT count(*) FROM sqlite_master WHERE name LIKE 'new__garden%'") == 0


@pytest.mark.parametrize(
    ("operation", "name"),
    [(INDEX, "leaf_by_number"), (UNIQUE, "leaf_once"), (UNIQUE_IN_PART, "leaf_once_in_part")],
)
def test_an_index_is_added_while_others_write(
    state: ProjectState, operation: Any, name: str
) -> None:
    with CaptureQueriesContext(connection) as queries:
        added = migrate(state, operation, atomic=False)
    assert name in names()
    concurrent = [query["sql"] for query in queries if "INDEX CONCURRENTLY" in query["sql"]]
    assert len(concurrent) == (2 if engine().LOCKS_ROWS else 0)
    [entry] = [
        entry
        for kind in ("indexes", "constraints")
        for entry in added.models["garden", "leaf"].options.get(kind, [])
    ]
    assert entry.name == name
    migrate(state, operation, atomic=False, back=True)
    assert name not in names()


@pytest.mark.parametrize("operation", [UNIQUE, UNIQUE_IN_PART])
def test_rows_that_are_not_unique_stop_it_and_it_runs_again(
    state: ProjectState, operation: AddUniqueConcurrently
) -> None:
    insert(1, "a")
    insert(1, "a")
    for _ in range(2):
        with pytest.raises(IntegrityError):
            migrate(state, operation, atomic=False)
    delete(1)
    migrate(state, operation, atomic=False)
    insert(1, "a")
    with pytest.raises(IntegrityError):
        insert(1, "a")


@on_postgresql
@pytest.mark.parametrize("operation", [INDEX, UNIQUE, UNIQUE_IN_PART])
def test_it_needs_a_migration_that_is_no_transaction(state: ProjectState, operation: Any) -> None:
    with pytest.raises(NotSupportedError, match="needs `atomic = False` in its migration"):
        migrate(state, operation)
    assert operation.describe().endswith(", concurrently")


def indexed() -> bool:
    """Whether an index begins with the column of the foreign key."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "garden_leaf").values()
    return any(each["index"] and each["columns"][:1] == ["parent_id"] for each in found)


def test_a_foreign_key_loses_its_index_and_nothing_else(state: ProjectState) -> None:
    def parent(**options: Any) -> Any:
        return models.ForeignKey("garden.Leaf", models.PROTECT, null=True, **options)

    state = migrate(state, migrations.AddField("Leaf", "parent", parent()))
    before = names()
    drop = DropIndexOfForeignKey("Leaf", "parent", parent(db_index=False))
    with CaptureQueriesContext(
        connection,
    ) as executed:
        after = migrate(state, drop)
    assert not indexed()
    assert len(before - names()) == 1
    if connection.vendor == "postgresql":
        [sql] = [query["sql"] for query in executed if "garden" in query["sql"]]
        assert sql.startswith("DROP INDEX")
    with pytest.raises(IntegrityError):
        insert(1, parent_id=99)
    migrate(state, drop, back=True)
    assert indexed()
    assert names() == before
    assert after.models["garden", "leaf"].fields["parent"].db_index is False


def test_what_the_operations_do_not_take() -> None:
    unique: Any = models.UniqueConstraint(fields=["number"], name="once")
    check: Any = POSITIVE
    expression = models.UniqueConstraint(models.F("number"), name="once")
    with pytest.raises(TypeError, match="takes a CheckConstraint"):
        AddConstraintNotValid("Leaf", unique)
    for constraint in (check, expression):
        with pytest.raises(TypeError, match="takes a UniqueConstraint of fields"):
            AddUniqueConcurrently("Leaf", constraint)


@on_postgresql
@pytest.mark.parametrize("in_transaction", [True, False])
def test_a_statement_may_take_an_hour(transactional_db: None, in_transaction: bool) -> None:
    usual = value("SHOW statement_timeout"), connection.connection.longest_wait
    if in_transaction:
        with transaction.atomic():
            with engine().long_statements(connection):
                assert value("SHOW statement_timeout") == "1h"
                assert connection.connection.longest_wait == 3600.0
            assert value("SHOW statement_timeout") == usual[0]
    with pytest.raises(ProgrammingError), engine().long_statements(connection):
        value("SELECT * FROM garden_of_nobody")
    assert (value("SHOW statement_timeout"), connection.connection.longest_wait) == usual

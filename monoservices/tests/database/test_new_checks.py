"""CHECKs that bind new rows at once and old rows later, on a table of the test."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection, migrations, models, transaction
from django.db.migrations.state import ProjectState

from monoservices.database.new_checks import AddCheck, ValidateCheck

CREATE = migrations.CreateModel(
    "Box", [("id", models.BigAutoField(primary_key=True)), ("size", models.IntegerField())]
)
CHECK = models.CheckConstraint(name="box_size_positive", condition=models.Q(size__gt=0))
ADD = AddCheck("Box", CHECK)
VALIDATE = ValidateCheck("Box", "box_size_positive")


@pytest.fixture
def table(transactional_db: None) -> Iterator[None]:
    run(CREATE)
    yield
    run(CREATE, back=True)


def run(*operations: Any, back: bool = False) -> None:
    """Run operations after those before them, each in a transaction, or undo them."""
    order = [CREATE, ADD, VALIDATE]
    for operation in operations:
        before = ProjectState()
        for earlier in order[: order.index(operation)]:
            earlier.state_forwards("store", before)
        after = before.clone()
        operation.state_forwards("store", after)
        with connection.schema_editor() as editor:
            if back:
                operation.database_backwards("store", editor, after, before)
            else:
                operation.database_forwards("store", editor, before, after)


def execute(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.usefixtures("table")
def test_new_rows_obey_at_once() -> None:
    execute("INSERT INTO store_box (size) VALUES (1)")
    run(ADD)
    for wrong in ("INSERT INTO store_box (size) VALUES (0)", "UPDATE store_box SET size = 0"):
        with pytest.raises(IntegrityError, match="box_size_positive"):
            execute(wrong)
    run(VALIDATE)
    run(VALIDATE, ADD, back=True)
    execute("INSERT INTO store_box (size) VALUES (0)")


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite reads the old rows at once")
@pytest.mark.usefixtures("table")
def test_old_rows_are_read_later() -> None:
    execute("INSERT INTO store_box (size) VALUES (0)")
    run(ADD)
    with pytest.raises(IntegrityError, match="box_size_positive"):
        run(VALIDATE)
    execute("UPDATE store_box SET size = 1")
    run(VALIDATE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = %s", [CHECK.name])
        assert cursor.fetchall() == [(True,)]


def test_the_state_knows_the_check() -> None:
    state = ProjectState()
    CREATE.state_forwards("store", state)
    ADD.state_forwards("store", state)
    assert state.models["store", "box"].options["constraints"] == [CHECK]

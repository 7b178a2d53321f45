"""Append-only tables, with a table that the test creates and drops."""

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, connection, migrations, models, transaction
from django.db.migrations.state import ProjectState

from monoservices.database.append_only import AppendOnly

CREATE = migrations.CreateModel(
    "Note", [("id", models.BigAutoField(primary_key=True)), ("text", models.TextField())]
)
GUARD = AppendOnly("Note")


def states() -> tuple[ProjectState, ProjectState]:
    """The project without and with the model."""
    before, after = ProjectState(), ProjectState()
    CREATE.state_forwards("journal", after)
    return before, after


@pytest.fixture
def table(transactional_db: None) -> Iterator[ProjectState]:
    before, after = states()
    with connection.schema_editor() as editor:
        CREATE.database_forwards("journal", editor, before, after)
    yield after
    with connection.schema_editor() as editor:
        CREATE.database_backwards("journal", editor, after, before)


def execute(sql: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.rowcount)


def test_rows_are_only_added(table: ProjectState) -> None:
    with connection.schema_editor() as editor:
        GUARD.database_forwards("journal", editor, table, table)
    assert execute("INSERT INTO journal_note (text) VALUES ('first')") == 1
    for change in ("UPDATE journal_note SET text = ''", "DELETE FROM journal_note"):
        with pytest.raises(IntegrityError, match="journal_note is append-only"):
            execute(change)
    assert execute("INSERT INTO journal_note (text) VALUES ('second')") == 1

    with connection.schema_editor() as editor:
        GUARD.database_backwards("journal", editor, table, table)
    assert execute("UPDATE journal_note SET text = ''") == 2
    assert execute("DELETE FROM journal_note") == 2

    with connection.schema_editor() as editor:  # and forwards again
        GUARD.database_forwards("journal", editor, table, table)
        GUARD.database_backwards("journal", editor, table, table)


def test_what_the_operation_says_of_itself() -> None:
    before, after = ProjectState(), ProjectState()
    GUARD.state_forwards("journal", after)
    assert before == after
    assert GUARD.describe() == "Make the table of Note append-only"
    assert GUARD.deconstruct() == ("AppendOnly", ("Note",), {})

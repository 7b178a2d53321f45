"""Append-only tables, with a table that the test creates and drops."""

import re
from collections.abc import Iterator

import pytest
from django.db import (
    IntegrityError,
    NotSupportedError,
    connection,
    migrations,
    models,
    transaction,
)
from django.db.migrations.state import ProjectState
from django.db.models.functions import Lower

from monoservices.database.append_only import AppendOnly, RenewAppendOnly

CREATE = migrations.CreateModel(
    "Note",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("text", models.TextField()),
        ("number", models.IntegerField(unique=True, null=True)),
        ("page", models.IntegerField(null=True, db_column="on_page")),
        ("line", models.IntegerField(null=True)),
    ],
    options={
        "unique_together": {("page", "line")},
        "constraints": [
            models.UniqueConstraint(
                name="named_once", fields=("text",), condition=~models.Q(text="")
            )
        ],
    },
)
GUARD = AppendOnly("Note")
FIRST = "(id, text, number, on_page, line) VALUES (1, 'first', 1, 1, 1)"
REPLACEMENTS = [
    "(id, text) VALUES (1, 'other')",
    "(text) VALUES ('first')",
    "(text, number) VALUES ('', 1)",
    "(text, on_page, line) VALUES ('', 1, 1)",
]
"""Rows that share one unique key each with the first."""
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite replaces rows")


def states(create: migrations.CreateModel = CREATE) -> tuple[ProjectState, ProjectState]:
    """The project without and with the model."""
    before, after = ProjectState(), ProjectState()
    create.state_forwards("journal", after)
    return before, after


@pytest.fixture
def table(transactional_db: None) -> Iterator[ProjectState]:
    before, after = states()
    with connection.schema_editor() as editor:
        CREATE.database_forwards("journal", editor, before, after)
    yield after
    with connection.schema_editor() as editor:
        CREATE.database_backwards("journal", editor, after, before)


def migrate(operation: AppendOnly, state: ProjectState, *, back: bool = False) -> None:
    with connection.schema_editor() as editor:
        step = operation.database_backwards if back else operation.database_forwards
        step("journal", editor, state, state)


def execute(sql: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.rowcount)


def rows() -> list[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, text FROM journal_note ORDER BY id")
        return [(key, text) for key, text in cursor.fetchall()]


def refused(sql: str) -> None:
    with pytest.raises(IntegrityError, match="journal_note is append-only"):
        execute(sql)


def test_rows_are_only_added(table: ProjectState) -> None:
    migrate(GUARD, table)
    assert execute("INSERT INTO journal_note (text) VALUES ('first')") == 1
    for change in ("UPDATE journal_note SET text = ''", "DELETE FROM journal_note"):
        refused(change)
    assert execute("INSERT INTO journal_note (text) VALUES ('second')") == 1

    migrate(GUARD, table, back=True)
    assert execute("UPDATE journal_note SET text = ''") == 2
    assert execute("DELETE FROM journal_note") == 2

    migrate(GUARD, table)  # and forwards again
    migrate(GUARD, table, back=True)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("way", ["", " CASCADE", " RESTART IDENTITY"])
def test_rows_are_not_truncated(table: ProjectState, way: str) -> None:
    migrate(GUARD, table)
    execute(f"INSERT INTO journal_note {FIRST}")
    refused(f"TRUNCATE journal_note{way}")
    assert rows() == [(1, "first")]
    migrate(GUARD, table, back=True)
    execute("TRUNCATE journal_note")
    assert rows() == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
def test_what_refers_to_a_truncated_table_is_not_truncated_with_it(table: ProjectState) -> None:
    migrate(GUARD, table)
    execute("CREATE TABLE journal_book (id bigint PRIMARY KEY)")
    execute("ALTER TABLE journal_note ADD book bigint REFERENCES journal_book")
    try:
        execute(f"INSERT INTO journal_note {FIRST}")
        refused("TRUNCATE journal_book CASCADE")
        assert rows() == [(1, "first")]
    finally:
        execute("DROP TABLE journal_book CASCADE")


@on_sqlite
@pytest.mark.parametrize("replacement", REPLACEMENTS)
@pytest.mark.parametrize("verb", ["REPLACE", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT"])
def test_rows_are_not_replaced(table: ProjectState, verb: str, replacement: str) -> None:
    """The words are those of a unique key, because that is what the row breaks."""
    migrate(GUARD, table)
    execute(f"INSERT INTO journal_note {FIRST}")
    with pytest.raises(IntegrityError, match="UNIQUE constraint failed: journal_note"):
        execute(f"{verb} INTO journal_note {replacement}")
    assert rows() == [(1, "first")]
    execute(f"{verb} INTO journal_note (text, on_page) VALUES ('', 1)")
    execute(f"{verb} INTO journal_note (text, on_page) VALUES ('', 1)")
    assert rows() == [(1, "first"), (2, ""), (3, "")]


@on_sqlite
@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_control_without_the_triggers_rows_are_replaced(
    table: ProjectState, replacement: str
) -> None:
    execute(f"INSERT INTO journal_note {FIRST}")
    execute(f"REPLACE INTO journal_note {replacement}")
    assert len(rows()) == 1
    assert rows() != [(1, "first")]


@on_sqlite
@pytest.mark.parametrize("verb", ["UPDATE OR REPLACE", "UPDATE OR IGNORE"])
def test_rows_are_not_replaced_by_an_update(table: ProjectState, verb: str) -> None:
    migrate(GUARD, table)
    execute(f"INSERT INTO journal_note {FIRST}")
    execute("INSERT INTO journal_note (text) VALUES ('second')")
    refused(f"{verb} journal_note SET id = 1 WHERE id = 2")
    refused(
        "INSERT INTO journal_note (id, text) VALUES (1, '') ON CONFLICT DO UPDATE SET text = ''"
    )
    assert rows() == [(1, "first"), (2, "second")]


@on_sqlite
def test_the_keys_are_looked_up_in_their_indexes(table: ProjectState) -> None:
    migrate(GUARD, table)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'journal_note_no_REPLACE'")
        [(sql,)] = cursor.fetchall()
        looks = re.findall(r"EXISTS \((SELECT .*?)\); ", sql)
        assert len(looks) == len(REPLACEMENTS)
        for look in looks:
            cursor.execute(f"EXPLAIN QUERY PLAN {re.sub(r'NEW[.][^ ]*', '1', look)}")
            assert [row[3] for row in cursor.fetchall() if row[3].startswith("SCAN")] == []


def test_triggers_are_created_again(table: ProjectState) -> None:
    """As where an earlier version created fewer; backwards, the table stays append-only."""
    again = RenewAppendOnly("Note")
    migrate(GUARD, table)
    execute(f"INSERT INTO journal_note {FIRST}")
    dropped = "journal_note_no_DELETE"
    if connection.vendor == "postgresql":
        dropped = "journal_note_append_only ON journal_note"
    for back in (False, True):
        execute(f"DROP TRIGGER {dropped}")
        migrate(again, table, back=back)
        refused("DELETE FROM journal_note")
    migrate(GUARD, table, back=True)
    assert execute("DELETE FROM journal_note") == 1


def test_a_unique_key_of_expressions_cannot_be_guarded() -> None:
    key = models.UniqueConstraint(Lower("text"), name="lower_once")
    _, after = states(migrations.CreateModel("Note", CREATE.fields, options={"constraints": [key]}))
    editor = connection.schema_editor(collect_sql=True)
    with pytest.raises(NotSupportedError, match="lower_once consists of expressions"):
        GUARD.database_forwards("journal", editor, after, after)


def test_what_the_operation_says_of_itself() -> None:
    before, after = ProjectState(), ProjectState()
    GUARD.state_forwards("journal", after)
    assert before == after
    assert GUARD.describe() == "Make the table of Note append-only"
    assert GUARD.deconstruct() == ("AppendOnly", ("Note",), {})
    assert RenewAppendOnly("Note").describe() == (
        "Create the triggers that make the table of Note append-only again"
    )

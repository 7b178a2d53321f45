"""Emptying append-only tables between tests."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection


@pytest.fixture(scope="session", autouse=True)
def flush_past_triggers() -> Iterator[None]:
    """Let Django empty all tables after a test with `transaction=True`.

    The triggers of append-only tables reject what Django does: DELETE on SQLite, TRUNCATE on
    PostgreSQL. They are dropped or disabled, and are there again, in Django's own transaction.
    """
    operations = type(connection.ops)
    sql_flush = operations.sql_flush

    def sql_flush_past_triggers(self: Any, *args: Any, **kwargs: Any) -> list[str]:
        before, after = _without_triggers(self)
        return [*before, *sql_flush(self, *args, **kwargs), *after]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "sql_flush", sql_flush_past_triggers)
        yield


def _without_triggers(operations: Any) -> tuple[list[str], list[str]]:
    """Statements that put the triggers aside, and those that put them back."""
    quote = operations.quote_name
    with operations.connection.cursor() as cursor:
        if operations.connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            drop = [f"DROP TRIGGER {quote(name)}" for name, _ in triggers]
            return drop, [sql for _, sql in triggers]
        cursor.execute(
            "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE tgtype & 32 <> 0"  # TRIGGER_TYPE_TRUNCATE
        )
        switch = [
            f"ALTER TABLE {quote(table)} {{}} TRIGGER {quote(name)}"
            for table, name in cursor.fetchall()
        ]
    return [each.format("DISABLE") for each in switch], [each.format("ENABLE") for each in switch]

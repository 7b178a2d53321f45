"""Databases to restore into, and a look at everything that a database has."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from config.databases import database
from monoservices.database.copying import BackupError
from tests.conftest import MakeDatabase, postgres_url
from tests.postgres import find_programs

SCHEMA = {
    "sqlite": ["SELECT type, name, sql FROM sqlite_master", "SELECT * FROM sqlite_sequence"],
    "postgresql": [
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        # Without casts and brackets, which PostgreSQL writes in another way the second time.
        """
        SELECT conname, regexp_replace(
            pg_get_constraintdef(oid), '::[a-z ]+(\\[\\])?|[()]', '', 'g'
        ) FROM pg_constraint
        """,
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "SELECT sequencename, last_value FROM pg_sequences",
        "SELECT extname, extversion FROM pg_extension",
        """
        SELECT table_name, column_name, data_type, column_default, is_nullable
        FROM information_schema.columns WHERE table_schema = 'public'
        """,
    ],
}
"""Statements that show what is not in rows, by Django's names of databases."""

Use = Callable[[], AbstractContextManager[str]]


@pytest.fixture(autouse=True)
def _programs(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands find the programs of a server that the tests have started."""
    if connection.vendor != "postgresql":
        return
    from monoservices.database.copying import postgresql

    monkeypatch.setenv("PATH", str(find_programs()), prepend=":")
    try:
        postgresql._find("pg_dump")
    except BackupError as error:
        pytest.skip(str(error))


_numbers = itertools.count()


@pytest.fixture
def empty_database(make_database: MakeDatabase) -> str:
    """The URL of an empty database."""
    return make_database(f"backups_{next(_numbers)}", "")


def present_url() -> str:
    """The URL of the default database, for another process."""
    name = str(connection.settings_dict["NAME"])
    return f"sqlite:///{name}" if connection.vendor == "sqlite" else postgres_url(name)


@contextmanager
def default_database(url: str) -> Iterator[None]:
    """Let the default connection be to another database during the block."""
    settings: dict[str, Any] = connection.settings_dict
    own = {name: settings[name] for name in ("NAME", "USER", "PASSWORD")}
    connection.close()
    settings |= {name: database(url)[name] for name in own}
    try:
        yield
    finally:
        connection.close()
        settings |= own


def back_up(directory: Path, *options: str) -> Path:
    """Run the command. Return the path that it prints."""
    output = StringIO()
    call_command("backup", str(directory), *options, stdout=output)
    return Path(output.getvalue().removesuffix("\n"))


def restore(file: Path) -> str:
    """Run the command. Return what it says on standard error."""
    said = StringIO()
    call_command("restore", str(file), stderr=said)
    return said.getvalue()


def contents() -> dict[str, list[Any]]:
    """Everything that the default database has: schema, sequences, and all rows by table."""
    tables = sorted(connection.introspection.table_names())
    rows = [f'SELECT * FROM "{table}"' for table in tables]  # noqa: S608 - names
    found = {}
    with connection.cursor() as cursor:
        for sql in [*SCHEMA[connection.vendor], *rows]:
            cursor.execute(sql)
            found[sql] = sorted(map(repr, cursor.fetchall()))
    return found

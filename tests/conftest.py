"""Fixtures for the tests across services."""

import shutil
from collections.abc import Callable, Iterator
from urllib.parse import quote

import psycopg
import pytest
from django.db import connection

MakeDatabase = Callable[[str, str], str]


@pytest.fixture(scope="module")
def make_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeDatabase]:
    """A function that creates a database: `make_database(name, template)`. It returns the URL.

    The database is a copy of `template`, or empty if that is "". On PostgreSQL it is on the server
    that the other tests use.
    """
    if connection.vendor == "sqlite":
        directory = tmp_path_factory.mktemp("databases")

        def copy_file(name: str, template: str) -> str:
            if template:
                shutil.copy(directory / template, directory / name)
            return f"sqlite:///{directory / name}"

        yield copy_file
        return
    made = []
    with psycopg.connect(postgres_url("postgres"), autocommit=True) as session:

        def create(name: str, template: str) -> str:
            source = f"TEMPLATE {template}" if template else ""
            session.execute(f"CREATE DATABASE {name} {source}".encode())
            made.append(name)
            return postgres_url(name)

        try:
            yield create
        finally:
            for name in made:
                session.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def postgres_url(database: str) -> str:
    """The URL of a database on the server that the tests use."""
    settings = connection.settings_dict
    login = quote(settings["USER"], safe="")
    if settings["PASSWORD"]:
        login += f":{quote(settings['PASSWORD'], safe='')}"
    host, port = settings["HOST"] or "127.0.0.1", settings["PORT"] or 5432
    return f"postgres://{login}@{host}:{port}/{database}"

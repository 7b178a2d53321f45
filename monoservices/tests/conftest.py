"""What the tests share: tables of their own, and small projects."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from monoservices.server.pacing import Throttle
from monoservices.tests.boundaries.checks.conftest import project
from monoservices.tests.example_model import Thing, ThingRequest

__all__ = ["project"]


@pytest.fixture
def notes(transactional_db: None) -> Iterator[None]:
    """A table of notes: a number, which is unique, and a text."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE notes (number integer PRIMARY KEY, text text)")
    yield
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE notes")


@pytest.fixture(scope="session")
def things(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The tables of things, in the database of this run; each test leaves them empty."""
    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            editor.create_model(Thing)
            editor.create_model(ThingRequest)
        connection.close()


@pytest.fixture
def turns_taken(monkeypatch: pytest.MonkeyPatch) -> list[Throttle]:
    """The paces of which a turn was taken, one for each turn."""
    taken: list[Throttle] = []

    async def turn(throttle: Throttle, *, waited: float = 0.0) -> None:
        taken.append(throttle)

    monkeypatch.setattr(Throttle, "wait", turn)
    return taken

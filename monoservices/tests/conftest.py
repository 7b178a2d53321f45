"""What the tests of pipelined transactions share."""

from collections.abc import Iterator

import pytest
from django.db import connection


@pytest.fixture
def notes(transactional_db: None) -> Iterator[None]:
    """A table of notes: a number, which is unique, and a text."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE notes (number integer PRIMARY KEY, text text)")
    yield
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE notes")

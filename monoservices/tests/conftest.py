"""What the tests of pipelined transactions share, and those of the guard."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from monoservices.guard import BoundaryViolation
from monoservices.testing import SeenViolations


@pytest.fixture
def notes(transactional_db: None) -> Iterator[None]:
    """A table of notes: a number, which is unique, and a text."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE notes (number integer PRIMARY KEY, text text)")
    yield
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE notes")


@pytest.fixture
def refused(boundary_guard: SeenViolations) -> Callable[..., str]:
    """A function that calls another, in which `service` reaches `other`; what was wrong with it."""

    def call(
        function: Callable[[], object], *, service: str = "orders", other: str = "products"
    ) -> str:
        with pytest.raises(BoundaryViolation) as caught:
            function()
        assert boundary_guard.take() == [caught.value]
        assert (caught.value.service, caught.value.other) == (service, other)
        return caught.value.what

    return call

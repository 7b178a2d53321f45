"""Fixtures of several test modules."""

from collections.abc import Iterator

import pytest
from django.db import transaction


@pytest.fixture
def undone() -> Iterator[None]:
    """Undo what breaks foreign keys, which are checked at the end of a transaction."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)

from collections.abc import Iterator

import pytest

from tests.races.controls import control_database
from tests.races.workers import Workers, start_workers


@pytest.fixture(scope="session")
def _workers(django_db_setup: None) -> Iterator[Workers]:
    with start_workers() as workers:
        yield workers


@pytest.fixture
def workers(transactional_db: None, _workers: Workers) -> Workers:
    """Workers on the test's database."""
    return _workers


@pytest.fixture
def control(transactional_db: None) -> Iterator[None]:
    """Give the test a database of its own, from which it can remove guards."""
    with control_database():
        yield

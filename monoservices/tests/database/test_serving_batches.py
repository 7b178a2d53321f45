"""The settings of a connection that serves batches."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from monoservices.database import libpq
from monoservices.database.backend.connection import Connection
from monoservices.database.engines import engine
from monoservices.database.pipelining import PLANS
from monoservices.database.retrying import with_retries
from monoservices.database.statements import enqueue

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        "connections['default'].vendor != 'postgresql'", reason="SQLite has no such settings"
    ),
]

SETTINGS = "SELECT " + ", ".join(f"current_setting('{name}')" for name in PLANS)
SET = tuple(PLANS.values())


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The first words of the statements of each round trip."""
    noted: list[list[str]] = []
    execute = libpq.execute

    def note(connection: Any, statements: Sequence[Any], **options: Any) -> Any:
        noted.append([sql.partition("(")[0] for sql, _ in statements])
        return execute(connection, statements, **options)

    monkeypatch.setattr(libpq, "execute", note)
    return noted


def in_batches(*, times: int) -> tuple[list[Any], Any]:
    """The settings in batches of a new thread, and after them."""

    def run(items: Sequence[int]) -> Sequence[Any]:
        with engine().pipelined_transaction():
            return enqueue(SETTINGS).fetch() * len(items)

    def work() -> tuple[list[Any], Any]:
        try:
            inside = [with_retries(run)([1])[0] for _ in range(times)]
            return inside, enqueue(SETTINGS).fetch()[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(timeout=10)


def test_a_batch_has_the_settings_from_the_start(trips: list[list[str]]) -> None:
    assert in_batches(times=3) == ([SET] * 3, SET)
    assert [len(trip) for trip in trips] == [5, 1, 3, 1, 3, 1]
    assert trips[2][0] == "BEGIN"


def test_other_connections_keep_their_own() -> None:
    in_batches(times=1)
    before = enqueue(SETTINGS).fetch()
    assert before != [SET]
    with engine().pipelined_transaction():
        assert enqueue(SETTINGS).fetch() == [SET]
    assert enqueue(SETTINGS).fetch() == before


def test_behind_a_pooler_that_ignores_options(
    trips: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction sets them for itself, so that no other client of the pooler has them."""
    wrapper: Any = connections["default"]
    connect = Connection.connect

    def connect_without(**parameters: Any) -> Any:
        del parameters["options"]
        return connect(**parameters)

    monkeypatch.setattr(wrapper.Database, "connect", connect_without)
    inside, after = in_batches(times=3)
    assert (inside, after != SET) == ([SET] * 3, True)
    assert [len(trip) for trip in trips] == [5, 1, 4, 1, 4, 1]

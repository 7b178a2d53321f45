"""The health check of connections to PostgreSQL, and how timestamps are parsed."""

import select
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import DataError, ProgrammingError, connection
from django.db.backends.postgresql import base
from psycopg.pq import Format

from monoservices.database.backend.base import TimestampLoader
from monoservices.tests.database.connections import end_the_connection
from monoservices.tests.server.steps import A_LONG_TIME

pytestmark = [
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="the backend is for PostgreSQL"),
    pytest.mark.django_db(transaction=True),
]

TIMESTAMPTZ = psycopg.adapters.types["timestamptz"].oid


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """The server's responses to health checks."""
    answers: list[bool] = []
    ask = base.DatabaseWrapper.is_usable

    def is_usable(wrapper: base.DatabaseWrapper) -> bool:
        answers.append(ask(wrapper))
        return answers[-1]

    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", is_usable)
    return answers


def test_the_server_is_not_asked_about_an_idle_connection(asked: list[bool]) -> None:
    connection.ensure_connection()
    assert connection.is_usable()
    assert asked == []


def test_the_server_is_asked_after_an_error(asked: list[bool]) -> None:
    with pytest.raises(ProgrammingError), connection.cursor() as cursor:
        cursor.execute("SELECT nothing")
    assert connection.is_usable()
    assert asked == [True]


def test_no_connection_is_not_usable() -> None:
    connection.close()
    assert not connection.is_usable()
    connection.ensure_connection()
    connection.connection.close()
    assert not connection.is_usable()
    connection.close()


def test_a_connection_that_the_server_has_ended_is_not_usable() -> None:
    end_the_connection()
    assert not connection.is_usable()
    connection.close()


def test_a_notification_does_not_close_the_connection(
    asked: list[bool], request: pytest.FixtureRequest
) -> None:
    connection.ensure_connection()
    own = connection.connection
    request.addfinalizer(connection.close)
    own.execute("LISTEN news")
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("NOTIFY news")
    poll = select.poll()
    poll.register(own.fileno(), select.POLLIN)
    assert poll.poll(A_LONG_TIME * 1_000)  # it has arrived
    assert connection.is_usable()
    assert asked == [True]
    assert connection.is_usable()
    assert asked == [True]


def test_a_request_gets_a_new_connection_if_the_old_one_has_ended() -> None:
    end_the_connection()
    own = connection.connection
    connection.close_if_unusable_or_obsolete()  # as at the beginning of a request
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert connection.connection is not own


def read(text: str, timezone: str = "UTC") -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"SET TIME ZONE '{timezone}'")
        try:
            cursor.execute("SELECT CAST(%s AS timestamptz)", [text])
            return cursor.fetchone()[0]
        finally:
            cursor.execute("SET TIME ZONE 'UTC'")


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Kathmandu"])
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-05 12:30:15.123456+00", datetime(2026, 1, 5, 12, 30, 15, 123456, UTC)),
        ("2026-01-05 12:30:15.1+00", datetime(2026, 1, 5, 12, 30, 15, 100_000, UTC)),
        ("2026-07-05 12:30:00+02", datetime(2026, 7, 5, 10, 30, tzinfo=UTC)),
        ("0001-01-02 00:00:00+00", datetime(1, 1, 2, tzinfo=UTC)),
        ("9999-12-30 23:59:59.999999+00", datetime(9999, 12, 30, 23, 59, 59, 999_999, UTC)),
    ],
)
def test_timestamps_are_read_exactly(text: str, moment: datetime, timezone: str) -> None:
    found = read(text, timezone)
    assert found == moment
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "timezone"),
    [
        ("infinity", "UTC"),
        ("10000-01-01 00:00:00+00", "UTC"),
        ("0044-03-15 12:00:00+00 BC", "UTC"),
        ("0001-01-01 00:00:00+05:45", "Asia/Kathmandu"),
    ],
)
def test_a_moment_that_python_cannot_represent_is_an_error(text: str, timezone: str) -> None:
    with pytest.raises(DataError):
        read(text, timezone)


def test_another_time_zone_is_left_to_django(monkeypatch: pytest.MonkeyPatch) -> None:
    template = connection.get_connection_params()["context"]
    assert template.get_loader(TIMESTAMPTZ, Format.TEXT) is TimestampLoader
    monkeypatch.setitem(connection.settings_dict, "TIME_ZONE", "Asia/Kathmandu")
    del connection.timezone
    try:
        template = connection.get_connection_params()["context"]
    finally:
        del connection.timezone
    assert template.get_loader(TIMESTAMPTZ, Format.TEXT) is not TimestampLoader

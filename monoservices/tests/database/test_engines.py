"""What each engine does with real tables, on the database in use."""

import subprocess
import sys
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections, transaction

from monoservices.database.engines import engine, engine_of


def reserved(count: int) -> list[int]:
    return [key for (key,) in engine().reserve_ids(Group, count).fetch()]


@pytest.mark.django_db
def test_reserved_ids_are_nobody_elses() -> None:
    before = Group.objects.create(name="before").pk
    first = reserved(3)
    assert first == [before + 1, before + 2, before + 3]
    for key in first:
        Group.objects.create(pk=key, name=f"reserved {key}")
    Group.objects.filter(pk=first[-1]).delete()
    second = reserved(2)
    assert second[0] > first[-1]
    assert second == sorted(second)
    assert reserved(0) == []


@pytest.mark.django_db
def test_ids_can_be_reserved_in_an_empty_table(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert len({*reserved(1_000)}) == 1_000


def test_locks_are_postgresqls() -> None:
    assert engine().for_update("p") == ("FOR NO KEY UPDATE OF p" if engine().LOCKS_ROWS else "")


def in_another_connection(function: Any) -> None:
    """Run `function` in a thread, which has a connection of its own, and wait for it."""

    def run() -> None:
        try:
            function()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    errors: list[Exception] = []
    thread = Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_stays_as_it_was_while_others_write() -> None:
    Group.objects.create(name="before")
    with engine().consistent_snapshot():
        assert Group.objects.count() == 1
        in_another_connection(lambda: Group.objects.create(name="meanwhile"))
        assert Group.objects.count() == 1
    assert Group.objects.count() == 2
    with transaction.atomic():  # as before it
        assert Group.objects.count() == 2
        Group.objects.create(name="after")


@pytest.mark.django_db(transaction=True)
def test_the_control_without_a_snapshot_sees_what_others_write() -> None:
    assert Group.objects.count() == 0
    in_another_connection(lambda: Group.objects.create(name="meanwhile"))
    assert Group.objects.count() == 1


@pytest.mark.django_db
def test_a_snapshot_fits_into_a_transaction() -> None:
    Group.objects.create(name="before")
    with engine().consistent_snapshot():
        assert Group.objects.count() == 1
    Group.objects.create(name="after")
    assert Group.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="only PostgreSQL has statement timeouts"
)
def test_a_snapshot_may_take_its_time() -> None:
    def timeout() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return str(cursor.fetchone()[0])

    def waits() -> tuple[str, float]:
        return timeout(), connection.connection.longest_wait

    assert waits() == ("30s", 35)
    with engine().consistent_snapshot():
        assert waits() == ("30s", 35)
    with engine().consistent_snapshot(may_take_long=True):
        assert waits() == ("0", 600)
    assert waits() == ("30s", 35)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="only PostgreSQL has statement timeouts"
)
def test_a_snapshot_of_whole_tables_is_planned_for_them() -> None:
    def settings() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('work_mem'), current_setting('cursor_tuple_fraction')"
            )
            return cursor.fetchone()

    with engine().consistent_snapshot():
        usual = settings()
    with engine().consistent_snapshot(of_whole_tables=True):
        assert settings() == ("64MB", "1")
    assert settings() == usual != ("64MB", "1")


def test_the_engine_is_that_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    database = connections["default"]
    assert engine() is engine_of(database)
    assert getattr(engine(), "__name__", "").endswith(f".{connection.vendor}")
    monkeypatch.setattr(type(database), "vendor", "mysql")
    with pytest.raises(ImproperlyConfigured, match="There is no engine for mysql"):
        engine_of(database)


WITHOUT_PSYCOPG = """
import sys

sys.modules["psycopg"] = None
from django.conf import settings

database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
settings.configure(DATABASES={"default": database})
from monoservices.database import append_only, engines, errors, retrying, rows, statements

with engines.engine().pipelined_transaction():
    source = rows.rows_from({"number": "integer"})
    parameters = rows.row_parameters({"number": "integer"}, [{"number": 1}, {"number": 2}])
    print(statements.enqueue(f"SELECT number FROM {source}", parameters).fetch())
"""


def test_sqlite_needs_no_psycopg() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PSYCOPG], check=True, stdout=subprocess.PIPE, text=True
    )
    assert done.stdout == "[(1,), (2,)]\n"

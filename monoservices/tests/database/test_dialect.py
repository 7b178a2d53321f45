"""The seam between the databases, on whichever is in use, with real tables."""

from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction

from monoservices.database.dialect import (
    consistent_snapshot,
    for_update,
    is_postgresql,
    reserve_ids,
)


def reserved(count: int) -> list[int]:
    return [key for (key,) in reserve_ids(Group, count).fetch()]


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
    assert for_update("p") == ("FOR NO KEY UPDATE OF p" if is_postgresql() else "")


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
    with consistent_snapshot():
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
    with consistent_snapshot():
        assert Group.objects.count() == 1
    Group.objects.create(name="after")
    assert Group.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("not is_postgresql()", reason="only PostgreSQL has statement timeouts")
def test_a_snapshot_may_take_its_time() -> None:
    def timeout() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return str(cursor.fetchone()[0])

    assert timeout() == "30s"
    with consistent_snapshot():
        assert timeout() == "0"
    assert timeout() == "30s"

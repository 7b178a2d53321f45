"""The seam between the databases, on whichever is in use, with real tables."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction

from monoservices.database import (
    ColumnType,
    as_json_rows,
    as_timestamp,
    consistent_snapshot,
    for_update,
    insert_rows,
    is_postgresql,
    reserve_ids,
    rows_from_json,
    update_rows,
)
from monoservices.tests.things import Thing

pytestmark = pytest.mark.usefixtures("things")

COLUMNS: dict[str, ColumnType] = {
    "sku": "text",
    "name": "text",
    "description": "text",
    "price": "numeric",
    "stock_quantity": "integer",
    "is_active": "boolean",
    "created_at": "timestamp",
    "updated_at": "timestamp",
}
MOMENT = datetime(2026, 1, 5, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=2)))


def row(sku: str, **values: Any) -> dict[str, Any]:
    defaults = {
        "sku": sku,
        "name": "Blue \u201cMug\u201d \U0001f375 'a' \\ %s",
        "description": "1.50",  # a text that looks like a number stays one
        "price": Decimal("99999999.99"),
        "stock_quantity": 2**31 - 1,
        "is_active": True,
        "created_at": as_timestamp(MOMENT),
        "updated_at": as_timestamp(MOMENT),
    }
    return defaults | values


@pytest.mark.django_db
def test_rows_come_back_as_they_went_in() -> None:
    insert_rows(Thing, COLUMNS, [row("A"), row("B", price=Decimal("0.10"), is_active=False)])
    first, second = Thing.objects.order_by("sku")
    assert (first.name, first.description) == (row("A")["name"], "1.50")
    assert (first.price, first.stock_quantity) == (Decimal("99999999.99"), 2**31 - 1)
    assert first.created_at == MOMENT
    assert first.low_stock_at is None
    assert (second.price, second.is_active) == (Decimal("0.10"), False)


@pytest.mark.django_db
def test_many_rows_are_one_statement(django_assert_num_queries: Any) -> None:
    rows = [row(f"SKU-{index}") for index in range(2_000)]
    with django_assert_num_queries(1):
        insert_rows(Thing, COLUMNS, rows)
    changes = [
        {"id": key, "stock_quantity": 7} for key in Thing.objects.values_list("pk", flat=True)
    ]
    with django_assert_num_queries(1):
        update_rows(Thing, {"id": "bigint", "stock_quantity": "integer"}, changes[:-1])
    assert Thing.objects.filter(stock_quantity=7).count() == 1_999


@pytest.mark.django_db
def test_null_is_null() -> None:
    insert_rows(Thing, COLUMNS | {"low_stock_at": "integer"}, [row("A", low_stock_at=None)])
    assert Thing.objects.get().low_stock_at is None


@pytest.mark.django_db
def test_an_empty_table_of_rows() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {rows_from_json({'id': 'bigint'})}",  # noqa: S608 - constants
            [as_json_rows([])],
        )
        assert cursor.fetchall() == []


@pytest.mark.django_db
def test_a_timestamp_means_the_same_as_one_of_the_orm() -> None:
    insert_rows(Thing, COLUMNS, [row("A")])
    Thing.objects.filter(created_at=MOMENT, updated_at=MOMENT.astimezone(UTC)).get()
    Thing.objects.filter(created_at__lt=MOMENT + timedelta(microseconds=1)).get()
    assert not Thing.objects.filter(created_at__gt=MOMENT).exists()


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

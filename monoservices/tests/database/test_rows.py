"""Many rows in a few parameters, with a real table, on the database in use."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from monoservices.database.engines import engine
from monoservices.database.rows import (
    ColumnTypes,
    column_types,
    insert_rows,
    row_parameters,
    rows_from,
    update_rows,
)
from monoservices.database.statements import enqueue
from monoservices.tests.example_model import Thing

pytestmark = pytest.mark.usefixtures("things")

COLUMNS: ColumnTypes = {
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
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    return defaults | values


Way = Callable[[], AbstractContextManager[Any]]


@pytest.fixture(params=["alone", "pipelined"])
def way(request: pytest.FixtureRequest) -> Way:
    """How a statement travels: psycopg encodes its parameters, or `encode_parameters` does."""
    return nullcontext if request.param == "alone" else engine().pipelined_transaction


@pytest.mark.django_db
def test_rows_come_back_as_they_went_in(way: Way) -> None:
    with way():
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
def test_null_is_null(way: Way) -> None:
    columns: ColumnTypes = {**COLUMNS, "low_stock_at": "integer"}
    with way():
        insert_rows(Thing, columns, [row("A", low_stock_at=None), row("B", low_stock_at=3)])
        insert_rows(Thing, columns, [row("C", low_stock_at=None)])
    low_stock_at = Thing.objects.order_by("sku").values_list("low_stock_at", flat=True)
    assert list(low_stock_at) == [None, 3, None]


@pytest.mark.django_db
def test_shared_values_travel_once(way: Way) -> None:
    shared = row("", price=Decimal("1.25"), is_active=False)
    del shared["sku"], shared["name"]
    rows = [{"sku": sku, "name": f"not {sku}", "price": 7} for sku in "AB"]
    parameters = row_parameters(COLUMNS, rows, shared=shared)
    assert parameters.count("1.25") == 1
    with way():
        insert_rows(Thing, COLUMNS, rows, shared=shared)
    things = Thing.objects.order_by("sku")
    assert [(x.sku, x.name, x.price, x.is_active, x.created_at) for x in things] == [
        ("A", "not A", Decimal("1.25"), False, MOMENT),
        ("B", "not B", Decimal("1.25"), False, MOMENT),
    ]
    ids: ColumnTypes = {"id": "bigint", "price": "numeric"}
    with way():
        update_rows(Thing, ids, [{"id": things[0].pk}], shared={"price": Decimal("0.05")})
    assert [thing.price for thing in things.all()] == [Decimal("0.05"), Decimal("1.25")]


@pytest.mark.django_db
def test_json_is_json(way: Way) -> None:
    columns: ColumnTypes = {"number": "integer", "own": "json", "same": "json"}
    rows: list[dict[str, Any]] = [{"number": 1, "own": {"a": '"\\ü'}}, {"number": 2, "own": None}]
    sql = f"SELECT number, own, same FROM {rows_from(columns, shared=['same'])}"  # noqa: S608
    with way():
        parameters = row_parameters(columns, rows, shared={"same": {"b": [1]}})
        found = enqueue(sql, parameters).fetch()
    decoded = [
        (number, *(json.loads(x) if isinstance(x, str) else x for x in values))
        for number, *values in found
    ]
    assert decoded == [(1, {"a": '"\\ü'}, {"b": [1]}), (2, None, {"b": [1]})]


def test_a_row_without_one_of_the_columns_is_rejected() -> None:
    with pytest.raises(KeyError, match="name"):
        row_parameters({"sku": "text", "name": "text"}, [{"sku": "A"}])


@pytest.mark.django_db
def test_an_empty_table_of_rows() -> None:
    columns: ColumnTypes = {"id": "bigint", "name": "text"}
    sql = f"SELECT id FROM {rows_from(columns)}"  # noqa: S608 - constants
    assert enqueue(sql, row_parameters(columns, [])).fetch() == []


@pytest.mark.django_db
def test_a_timestamp_means_the_same_as_one_of_the_orm() -> None:
    insert_rows(Thing, COLUMNS, [row("A")])
    Thing.objects.filter(created_at=MOMENT, updated_at=MOMENT.astimezone(UTC)).get()
    Thing.objects.filter(created_at__lt=MOMENT + timedelta(microseconds=1)).get()
    assert not Thing.objects.filter(created_at__gt=MOMENT).exists()


def test_the_columns_of_a_model() -> None:
    without = ("id", "low_stock_at", "weight", "twin_id")
    assert column_types(Thing, without=without) == COLUMNS
    of_the_rest = column_types(Thing, without=COLUMNS)
    assert of_the_rest == {
        "id": "bigint",
        "low_stock_at": "integer",
        "weight": "double precision",
        "twin_id": "bigint",
    }


@pytest.mark.django_db
def test_floats_and_keys_come_back_as_they_went_in(way: Way) -> None:
    twin = Thing.objects.create(sku="T")
    columns: ColumnTypes = {**COLUMNS, "weight": "double precision", "twin_id": "bigint"}
    rows = [row("A", weight=0.1, twin_id=twin.pk), row("B", weight=None, twin_id=None)]
    with way():
        insert_rows(Thing, columns, rows)
    found = Thing.objects.exclude(sku="T").order_by("sku").values_list("weight", "twin_id")
    assert list(found) == [(0.1, twin.pk), (None, None)]

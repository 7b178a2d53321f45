"""Rows that many requests ask for: the same as Django reads, whatever is asked for together."""

from typing import Any

import pytest

from monoservices.database.engines import engine
from monoservices.database.hot_rows import HotRows, Place
from monoservices.database.json_rows import belonging_rows
from monoservices.tests.example_model import Thing

COLUMNS = (
    *("id", "name", "price", "stock_quantity", "low_stock_at", "weight", "is_active"),
    *("created_at", "updated_at"),
)
THINGS = HotRows(Thing, COLUMNS, owner="stock_quantity")
HUGE = 2**63

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("things")]


@pytest.fixture
def ids() -> list[int]:
    """Ten things: even ones belong to owner 0, odd ones to owner 1."""
    return [
        Thing.objects.create(
            sku=f"A{number}",
            name="Größe \u2028 \U0001f375",
            price=f"{number}.10",
            stock_quantity=number % 2,
            low_stock_at=None if number else 5,
            weight=number / 4,
            is_active=bool(number % 3),
        ).pk
        for number in range(10)
    ]


def stored(*keys: int) -> list[tuple[Any, ...]]:
    rows = {row[0]: row for row in Thing.objects.values_list(*COLUMNS)}
    return [rows[key] for key in keys]


def pages(*places: Place) -> list[list[int]]:
    with engine().pipelined_read():
        rows = THINGS.pages(places)()
    return [[row[0] for row in rows[place]] for place in places]


def test_rows_by_their_ids(ids: list[int]) -> None:
    with engine().pipelined_read():
        found = THINGS.by("id", [ids[3], ids[0], ids[3], -1, HUGE])()
    assert found == dict(zip([ids[3], ids[0]], stored(ids[3], ids[0]), strict=True))
    assert [type(value) for value in found[ids[0]]] == [type(v) for v in stored(ids[0])[0]]


def test_rows_by_another_column(ids: list[int]) -> None:
    with engine().pipelined_read():
        found = THINGS.by("sku", ["A2", "none", "A9", "a2", "A2"])()
    assert found == dict(zip(["A2", "A9"], stored(ids[2], ids[9]), strict=True))


def test_nothing_is_asked_for_nothing(ids: list[int], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0), engine().pipelined_read():
        assert THINGS.by("id", [])() == THINGS.by("id", [HUGE])() == {}
        assert THINGS.pages([])() == {}


def test_pages_of_all_kinds_together(ids: list[int], django_assert_num_queries: Any) -> None:
    places = [
        Place(3),
        Place(3, beyond=ids[7]),
        Place(3, beyond=ids[9]),
        Place(3, beyond=ids[2], descending=True),
        Place(3, descending=True),
        Place(3, beyond=ids[0], descending=True),
        Place(2, owner=1),
        Place(2, owner=0, beyond=ids[4]),
        Place(2, owner=7),
        Place(2, owner=1, beyond=ids[5], descending=True),
        Place(3),
    ]
    with django_assert_num_queries(4):
        found = pages(*places)
    assert found == [
        ids[:3],
        ids[8:],
        [],
        [ids[1], ids[0]],
        [ids[9], ids[8], ids[7]],
        [],
        [ids[1], ids[3]],
        [ids[6], ids[8]],
        [],
        [ids[3], ids[1]],
        ids[:3],
    ]


def test_a_page_has_the_rows_as_they_are(ids: list[int]) -> None:
    place = Place(100)
    with engine().pipelined_read():
        assert THINGS.pages([place])()[place] == stored(*ids)


def test_rows_come_with_those_that_belong_to_them(ids: list[int]) -> None:
    Thing.objects.filter(pk=ids[1]).update(twin_id=ids[0])
    columns = ("name", "price")
    rows = HotRows(
        Thing,
        ("id",),
        belonging=[lambda: belonging_rows(Thing, belonging="twin_id = t.id", columns=columns)],
    )
    with engine().pipelined_read():
        found = rows.by("id", ids[:2])()
    assert {key: text.replace(" ", "") for key, (_, text) in found.items()} == {
        ids[0]: '[["Größe\u2028\U0001f375","1.10"]]',
        ids[1]: "[]",
    }

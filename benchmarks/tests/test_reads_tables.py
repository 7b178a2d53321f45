"""What `benchmarks.reads` computes and renders."""

from pathlib import Path

import pytest

from benchmarks.load import LoadResult
from benchmarks.reads import tables
from benchmarks.reads.beside_orders import Mixed, beside_table
from benchmarks.reads.checking import differences, next_cursor, rows
from benchmarks.reads.data import searches
from benchmarks.reads.measuring import Read
from benchmarks.reads.readers import FEW, KINDS, MANY, READERS, SEARCH, Cell, cells, request

KIND = "product by id"


def loaded(rate: float, **errors: int) -> LoadResult:
    return LoadResult("wrk", 1, int(rate), int(rate), errors, 1.5, 5.0)


def test_searches_are_for_names_that_are_there() -> None:
    searched = searches(500, rows=3, seed=1)
    assert sorted(searched) == [
        "azure+acacia+armchair",
        "black+acacia+armchair",
        "bright+acacia+armchair",
    ]


def test_hot_reads_are_measured_at_few_and_at_many_connections_with_every_rival() -> None:
    measured = {(cell.kind, cell.reader, cell.connections) for cell in cells()}
    readers = [name for name in READERS if name != "drf_numbers"]
    for kind in set(KINDS) - {SEARCH}:
        assert {(kind, name, each) for name in readers for each in (FEW, MANY)} <= measured
    assert len(cells()) == len(measured) == 7 * 5 * 2 + 2 + 2


def test_a_client_reads_its_own_orders_only() -> None:
    asked = request("order by id", "litestar", secret="secret", rows=1000)
    assert (asked.first, asked.step, asked.ids) == (10, 10, 100)
    django = request(KIND, "tradepost_django", secret="secret", rows=1000)
    assert (django.headers["Cookie"], django.ids) == ("lane=django", 1000)


@pytest.mark.parametrize(
    ("page", "cursor", "found"),
    [
        ({"results": [1], "next": "http://a/?cursor=x%3D%3D&limit=2"}, "x%3D%3D", [1]),
        ({"results": [1], "next": "http://a/?limit=2&cursor=a:b"}, "a:b", [1]),
        ({"results": [1], "next": None}, None, [1]),
        ({"items": [1], "results_per_page": 20, "cursor": 20}, "20", [1]),
        ({"items": [], "results_per_page": 20, "cursor": None}, None, []),
    ],
)
def test_pages_of_every_design_are_read(
    page: dict[str, object], cursor: str | None, found: list[int]
) -> None:
    assert next_cursor(page) == cursor
    assert rows(page) == found


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ([{"id": 1, "price": "9.99"}], []),
        ([{"price": "9.99", "id": 1}], []),
        ([{"id": 1, "price": 9.99}], ["0.price: 9.99 instead of '9.99'"]),
        ([{"id": 1}], ["0.price: only ours has it"]),
        (
            [{"id": 2, "price": "9.99", "sku": ""}],
            ["0.id: 2 instead of 1", "0.sku: only theirs has it"],
        ),
        ([], ["document: [] instead of [{'id': 1, 'price': '9.99'}]"]),
    ],
)
def test_rows_are_compared_field_by_field(theirs: list[object], expected: list[str]) -> None:
    assert differences([{"id": 1, "price": "9.99"}], theirs) == expected


def test_reads_are_compared_with_every_other_design() -> None:
    rates = {
        Cell(KIND, "tradepost", 16): 4000.0,
        Cell(KIND, "litestar", 16): 2000.0,
        Cell(KIND, "drf_cursor", 16): 400.0,
        Cell(SEARCH, "tradepost", 16): 400.0,
        Cell(SEARCH, "drf_cursor", 16): 250.0,
    }
    assert tables.ratio_table(rates) == (
        "| requests/s | connections | **Tradepost** | Litestar, asyncpg | times "
        "| `drf_reads` | times |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        "| product by id | 16 | 4,000 | 2,000 | **2.0** | 400 | **10.0** |\n"
        "| search by name | 16 | 400 | – | – | 250 | **1.6** |\n"
    )


def test_the_table_has_medians_and_forgets_no_error() -> None:
    cell = Cell(KIND, "tradepost", 256)
    rounds = [Read(loaded(each, read=1), each, 20.4) for each in (100, 300, 200)]
    results = {cell: rounds}
    assert tables.median_rates(results) == {cell: 200}
    row = tables.table(results, {(KIND, "tradepost"): 2.0}).splitlines()[-1]
    assert row == (
        "| product by id | 256 | **Tradepost** | 200 | 100 – 300 | 1.5 | 5.0 | 200 | 20 | 2.0 | 3 |"
    )


def test_there_is_a_plot_for_each_number_of_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "IMAGES", tmp_path)
    rates = {Cell(KIND, name, 16): 100.0 for name in READERS}
    assert tables.plots(rates) == (
        "![Reads per second at 16 connections, PostgreSQL](../images/reads-rate-16.svg)"
    )
    drawn = (tmp_path / "reads-rate-16.svg").read_text()
    assert [f">{title}<" in drawn for title in ("Litestar, asyncpg", "django-ninja")] == [True] * 2
    assert tables.plots({}) == ""


def test_orders_beside_reads_are_compared_with_orders_alone() -> None:
    results = {
        "alone": [Mixed(loaded(each)) for each in (500, 400, 600)],
        "tradepost": [Mixed(loaded(300), loaded(9000, status=1))],
    }
    assert beside_table(results).splitlines()[2:] == [
        "| 4 alone | 500 | 5.0 | – | 0 | 1.00 |",
        "| 60 read, **Tradepost** | 300 | 5.0 | 9,000 | 1 | 0.60 |",
    ]

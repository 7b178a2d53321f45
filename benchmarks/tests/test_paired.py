"""The comparison of two versions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks import orders, paired, versions
from benchmarks.databases import SQLiteDatabases
from benchmarks.load import Request
from benchmarks.paired import Figures, compare, interval, is_lost, table, verdict
from benchmarks.servers import ROOT

CELL = ("place an order", 16)


def figures(*cpu: float) -> list[Figures]:
    return [Figures(each - 50, 50, 100_000 / each) for each in cpu]


def test_a_version_is_measured_in_each_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "HISTORY_SECONDS", 0.2)
    monkeypatch.setattr(paired, "START_SECONDS", 0.1)
    monkeypatch.setattr(paired, "WARM_UP_SECONDS", 0.1)
    every = paired.requests

    def requests(secret: str, *, orders: int) -> dict[str, Request]:
        missing = Request(
            "GET", "/api/v1/products/nothing/", every(secret, orders=1)[paired.ORDERS].headers
        )
        return {"something new": missing} | every(secret, orders=orders)

    monkeypatch.setattr(paired, "requests", requests)
    databases = SQLiteDatabases(tmp_path)
    results, notes = compare(
        {"after": ROOT}, databases, rounds=1, seconds=0.2, connections=[1, 2], reads=[2]
    )
    assert "Left out: something new. after answers 404." in notes
    reads = {"read a product", "read an order", "page of products", "page of orders"}
    orders = {("place an order", 1), ("place an order", 2)}
    assert {(kind, 2) for kind in reads} | orders <= results["after"].keys()
    assert all(each.server > 0 and each.rate > 0 for [each] in results["after"].values())


def test_the_interval_of_a_median_is_between_two_ratios() -> None:
    # With ten ratios, the second and the ninth: 1 - 2 * (1 + 10) / 2**10 = 97.9 %.
    assert interval([float(n) for n in range(10, 0, -1)]) == (2, 9)
    assert interval([float(n) for n in range(1, 7)]) == (1, 6)
    assert interval([1.0] * 5) is None


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ([1.05, *[1.04] * 8, 0.9], "**LOSS**"),
        ([1.05, *[1.04] * 7, 0.99, 0.9], "same"),
        ([1.01] * 10, "same"),
        ([0.99] * 10, "same"),
        ([0.9] * 9 + [1.2], "gain"),
        ([0.9] * 8 + [1.2] * 2, "same"),
        ([1.5] * 5, "too few rounds"),
    ],
)
def test_processor_time_decides(ratios: list[float], expected: str) -> None:
    assert verdict(ratios) == expected


def test_the_table_has_medians_and_the_median_of_the_ratios() -> None:
    before = {CELL: figures(100, 200, 400, 100, 100, 100)}
    after = {CELL: figures(110, 200, 480, 110, 110, 110)}
    results = {"before": before, "after": after}
    *_, row = table(results).strip().splitlines()
    assert row == (
        "| place an order | 16 | 1,000 | 909 | 0.91 | 50 + 50 | 60 + 50 | 1.100 | 1.000 – 1.200 "
        "| same |"
    )
    assert not is_lost(results)
    assert is_lost({"before": before, "after": {CELL: figures(110, 220, 480, 110, 110, 110)}})


def test_the_command_names_a_version_and_compares_it_with_the_working_tree(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compared: list[tuple[object, ...]] = []

    @contextmanager
    def databases() -> Iterator[tuple[str, str]]:
        yield "on PostgreSQL", "on SQLite"

    def found(versions: dict[str, Path], databases: object, **options: object) -> object:
        compared.append((versions["after"], databases, *options.values()))
        assert versions["before"] != ROOT
        dearer = figures(*[150] * 10)
        return {"before": {CELL: figures(*[100] * 10)}, "after": {CELL: dearer}}, ["A note."]

    monkeypatch.setattr(orders, "_databases", databases)
    monkeypatch.setattr(paired, "compare", found)
    assert orders.main(["--compare", "HEAD"]) == 1
    assert compared == [(ROOT, "on PostgreSQL", 10, 3, (1, 4, 16, 64, 256), (16, 256))]
    shown = capsys.readouterr().out
    assert "**LOSS**" in shown
    assert shown.endswith("A note.\n")
    with pytest.raises(SystemExit):
        orders.main(["--compare", "a", "b", "c"])

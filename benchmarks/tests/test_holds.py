"""The measurement of holds, for a moment."""

from pathlib import Path

import pytest

from benchmarks import holds, versions
from benchmarks.databases import SQLiteDatabases
from benchmarks.holds import FIRM, HELD, SOLD_OUT, measure, table
from benchmarks.servers import BenchmarkError


@pytest.fixture(autouse=True)
def no_long_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "HISTORY_SECONDS", 0.2)
    monkeypatch.setattr(holds, "WARM_UP_SECONDS", 0.1)


def test_every_kind_is_measured_in_each_round(tmp_path: Path) -> None:
    databases = SQLiteDatabases(tmp_path)
    results = measure(databases, rounds=1, seconds=0.2, connections=[2])
    assert list(results) == [(FIRM, 2), (HELD, 2), (SOLD_OUT, 2)]
    assert all(each > 0 for [each] in results.values())
    orders, held = databases.row("SELECT count(*), count(held_until) FROM orders_order")
    assert 0 < held < orders


def test_an_answer_that_is_not_the_expected_one_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "HOLD_SECONDS", 1)
    with pytest.raises(BenchmarkError, match="held: "):
        measure(SQLiteDatabases(tmp_path), rounds=1, seconds=0.2, connections=[2])


def test_ratios_are_of_the_same_round() -> None:
    results = {
        (FIRM, 16): [100.0, 200.0, 100.0],
        (HELD, 16): [110.0, 210.0, 300.0],
        (SOLD_OUT, 16): [50.0, 50.0, 60.0],
    }
    assert table(results).splitlines()[2:] == [
        "| firm | 16 | 100 | 1.00 |",
        "| held | 16 | 210 | 1.10 |",
        "| sold out | 16 | 50 | 0.50 |",
    ]

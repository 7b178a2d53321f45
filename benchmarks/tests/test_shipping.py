"""The measurement of shipping, for a moment."""

from pathlib import Path

import pytest

from benchmarks import shipping, versions
from benchmarks.databases import SQLiteDatabases
from benchmarks.servers import BenchmarkError
from benchmarks.shipping import PLACE, SHIP, Figures, measure, table


@pytest.fixture(autouse=True)
def no_long_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "HISTORY_SECONDS", 0.2)
    monkeypatch.setattr(shipping, "STOCKPILE_SECONDS", 0.5)
    monkeypatch.setattr(shipping, "WARM_UP_SECONDS", 0.1)


def test_each_order_is_shipped_once(tmp_path: Path) -> None:
    databases = SQLiteDatabases(tmp_path)
    results = measure(databases, rounds=1, seconds=0.2, connections=[2])
    assert list(results) == [(PLACE, 2), (SHIP, 2)]
    assert all(each.rate > 0 and each.spent > 0 for [each] in results.values())
    shipped, shipments, lines = databases.row(
        "SELECT (SELECT count(*) FROM orders_order WHERE status = 'shipped'),"
        " (SELECT count(*) FROM orders_shipment), (SELECT count(*) FROM orders_shipmentline)"
    )
    assert 0 < shipped == shipments == lines


def test_a_server_that_ships_nothing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "SCOPE", "orders:read")
    with pytest.raises(BenchmarkError, match="shipments"):
        measure(SQLiteDatabases(tmp_path), rounds=1, seconds=0.2, connections=[2])


def test_ratios_are_of_the_same_round() -> None:
    results = {
        (PLACE, 64): [Figures(3000.0, 100.0), Figures(2000.0, 200.0)],
        (SHIP, 64): [Figures(1000.0, 150.0), Figures(1500.0, 220.0)],
    }
    assert table(results).splitlines()[2:] == [
        "| place | 64 | 2,500 | 150 | 1.00 |",
        "| ship | 64 | 1,250 | 185 | 1.30 |",
    ]

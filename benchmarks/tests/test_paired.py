"""The comparison of two versions."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.databases import SQLiteDatabases
from benchmarks.paired import Cost, checkout, measure, table
from benchmarks.servers import ROOT, BenchmarkError


def worktrees() -> str:
    command = ["git", "worktree", "list"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_commit_is_checked_out_and_removed() -> None:
    before = worktrees()
    with checkout("HEAD") as path:
        assert (path / "manage.py").is_file()
        assert str(path) in worktrees()
    assert worktrees() == before
    assert not path.exists()


def test_a_directory_stays_as_it_is() -> None:
    with checkout(str(ROOT)) as path:
        assert path == ROOT
    assert path.exists()


def test_an_unknown_commit_is_named() -> None:
    with pytest.raises(BenchmarkError, match="no-such-commit"), checkout("no-such-commit"):
        pass


def test_each_round_measures_both_versions(tmp_path: Path) -> None:
    versions = {"before": ROOT, "after": ROOT}
    databases = SQLiteDatabases(tmp_path)
    costs = measure(versions, databases, rounds=1, seconds=0.2, connections=2)
    kinds = ("place an order", "read an order", "read a product")
    assert list(costs) == [(name, kind) for name in versions for kind in kinds]
    assert all(cost.server > 0 and cost.database == 0 for [cost] in costs.values())


def test_the_table_has_medians_and_the_median_of_the_ratios() -> None:
    costs = {
        ("before", "place"): [Cost(100, 0), Cost(200, 0), Cost(400, 0)],
        ("after", "place"): [Cost(110, 0), Cost(200, 0), Cost(480, 0)],
    }
    *_, row = table(costs).strip().splitlines()
    assert row == "| place | server | 200 | 200 | 1.100 | 1.000 – 1.200 |"

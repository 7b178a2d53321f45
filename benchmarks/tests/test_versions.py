"""Checkouts of versions."""

import subprocess

import pytest

from benchmarks.servers import ROOT, BenchmarkError
from benchmarks.versions import checkout


def worktrees() -> str:
    command = ["git", "worktree", "list"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_commit_is_checked_out_and_removed() -> None:
    with checkout("HEAD") as path:
        assert (path / "manage.py").is_file()
        assert str(path) in worktrees()
    assert str(path) not in worktrees()
    assert not path.exists()


def test_a_directory_stays_as_it_is() -> None:
    with checkout(str(ROOT)) as path:
        assert path == ROOT
    assert path.exists()


def test_an_unknown_commit_is_named() -> None:
    with pytest.raises(BenchmarkError, match="no-such-commit"), checkout("no-such-commit"):
        pass

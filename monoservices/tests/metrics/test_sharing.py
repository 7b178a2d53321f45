"""Files of counts: each is whole, each count is in one of them, and files stay few."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from monoservices.metrics import Counter, prometheus, sharing
from monoservices.metrics.declaring import Counts
from monoservices.metrics.sharing import ENDED, OwnFile, Snapshot, add, fold_ended, read_all

NAME = "test_shared_total"


def snapshot(number: float, gauge: float = 0) -> Snapshot:
    return Snapshot(totals={NAME: {("a",): [number]}}, gauges={"test_shared": {(): [gauge]}})


def left(directory: Path, number: float, gauge: float = 0) -> OwnFile:
    """The file of a process that has ended."""
    file = OwnFile(directory)
    file.write(snapshot(number, gauge))
    file.close()
    return file


@pytest.fixture
def living(tmp_path: Path) -> Iterator[OwnFile]:
    """The file of a process that lives."""
    file = OwnFile(tmp_path)
    yield file
    file.close()


def sums(directory: Path) -> Counts:
    counts: Counts = {}
    for each in read_all(directory).values():
        add(counts, each.totals)
        add(counts, each.gauges)
    return counts


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_counts_of_the_ended_stay_and_their_gauges_do_not(tmp_path: Path, living: OwnFile) -> None:
    living.write(snapshot(1, gauge=10))
    living.write(snapshot(2, gauge=20))
    left(tmp_path, 4, gauge=40)
    expected = {NAME: {("a",): [6]}, "test_shared": {(): [20]}}
    assert sums(tmp_path) == expected
    fold_ended(tmp_path)
    assert sums(tmp_path) == expected
    assert names(tmp_path) == {living.path.name, ENDED}


def test_files_stay_few_and_small_over_many_restarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "REMEMBERED", 50)
    restarts = 300
    for _ in range(restarts):
        left(tmp_path, 1)
        fold_ended(tmp_path)
    assert names(tmp_path) == {ENDED}
    assert sums(tmp_path) == {NAME: {("a",): [restarts]}}
    assert (tmp_path / ENDED).stat().st_size < 50 * 40


def test_a_process_that_lives_is_never_folded(tmp_path: Path, living: OwnFile) -> None:
    for number in range(1, 50):
        living.write(snapshot(number))
        fold_ended(tmp_path)
        assert names(tmp_path) == {living.path.name}


def test_what_was_replaced_while_it_was_read_has_not_ended(tmp_path: Path, living: OwnFile) -> None:
    living.write(snapshot(1))
    with living.path.open("rb") as opened:
        living.write(snapshot(2))
        assert not sharing._is_left(living.path, opened)


def test_a_count_that_is_being_moved_counts_once(tmp_path: Path) -> None:
    """Whoever reads between the two steps of moving, or whoever dies between them."""
    moved = left(tmp_path, 4)
    content = moved.path.read_bytes()
    fold_ended(tmp_path)
    moved.path.write_bytes(content)  # as if it were still there
    assert sums(tmp_path)[NAME] == {("a",): [4]}
    fold_ended(tmp_path)
    assert names(tmp_path) == {ENDED}
    assert sums(tmp_path)[NAME] == {("a",): [4]}


def test_one_process_moves_at_a_time(tmp_path: Path) -> None:
    file = left(tmp_path, 4)
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        assert sharing._lock(handle)
        fold_ended(tmp_path)
        assert names(tmp_path) == {file.path.name}
    finally:
        os.close(handle)


def test_half_a_file_of_one_that_was_killed_goes(tmp_path: Path) -> None:
    (tmp_path / "17-ab.new").write_bytes(b"half")
    fold_ended(tmp_path)
    assert names(tmp_path) == set()


def test_where_a_file_cannot_be_written_nothing_changes(
    tmp_path: Path, living: OwnFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    living.write(snapshot(1))
    other = left(tmp_path, 2)

    def full(_: object) -> bytes:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(msgspec.msgpack, "encode", full)
        with pytest.raises(OSError, match="No space left"):
            living.write(snapshot(9))
        with pytest.raises(OSError, match="No space left"):
            fold_ended(tmp_path)
    assert names(tmp_path) == {living.path.name, other.path.name}
    assert sums(tmp_path)[NAME] == {("a",): [3]}
    assert not sharing._has_ended(living.path)


WRONG = {
    "empty": b"",
    "torn": msgspec.msgpack.encode(snapshot(1))[:-7],
    "foreign": b"\x7fELF\x00\xff" * 100,
    "another shape": msgspec.msgpack.encode({"totals": {NAME: [1, 2]}}),
    "deep": b"\x81\xa1x" + b"\x91" * 100_000,
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_is_no_snapshot_is_left_out(directory: Path, wrong: bytes) -> None:
    Counter(NAME, "Shared.", labels=("kind",)).of("b").add()
    left(directory, 4)
    (directory / "1-torn.metrics").write_bytes(wrong)
    (directory / "2-directory.metrics").mkdir()
    os.mkfifo(directory / "3-pipe.metrics")
    (directory / "4-nothing.metrics").symlink_to("/nowhere")
    (directory / "5-endless.metrics").symlink_to("/dev/zero")
    (directory / ENDED).write_bytes(wrong)
    assert b'test_shared_total{kind="a"} 4.0\n' in prometheus.exposition()
    fold_ended(directory)
    assert b'test_shared_total{kind="a"} 4.0\n' in prometheus.exposition()


STRANGE: dict[str, Counts] = {
    "unknown": {"9 ü\n": {("a",): [1]}},
    "other labels": {NAME: {("a", "b"): [1]}},
    "other buckets": {NAME: {("a",): [1, 2, 3]}},
    "nothing": {NAME: {("a",): []}},
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_counts_of_another_version_are_left_out(
    directory: Path, living: OwnFile, strange: Counts
) -> None:
    counter = Counter(NAME, "Shared.", labels=("kind",))
    expected = prometheus.exposition()
    living.write(Snapshot(totals=strange))
    assert prometheus.exposition() == expected
    counter.of('ü\ud7ff\n"').add(2)
    assert 'test_shared_total{kind="ü\ud7ff\\n\\""} 2.0\n'.encode() in prometheus.exposition()


KILLED = """
import os, signal, sys
from pathlib import Path
from monoservices.metrics.sharing import OwnFile, Snapshot
OwnFile(Path(sys.argv[1])).write(Snapshot(totals={"test_shared_total": {("a",): [4.0]}}))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_has_ended(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert len(names(tmp_path)) == 1
    fold_ended(tmp_path)
    assert names(tmp_path) == {ENDED}
    assert sums(tmp_path) == {NAME: {("a",): [4]}}

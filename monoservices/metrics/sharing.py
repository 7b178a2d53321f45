"""Files by which processes tell each other what they have counted.

Each process has one in a directory that they share. It replaces the file as a whole, so that no
reader sees half of it, and holds its lock as long as it lives. The counts of processes that have
ended move to a file for all of them, so that counters never fall and files stay few.

Nothing here waits for another process. What cannot be read is left out.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import IO

import msgspec

from monoservices.metrics.declaring import Counts

if sys.platform != "win32":
    import fcntl

ENDED = "ended.metrics"
PATTERN = "*-*.metrics"
LARGEST = 16 * 1024 * 1024
"""How many bytes a file may have. Ours have some ten thousand."""
REMEMBERED = 1_000
"""How many names of files the one for ended processes keeps, for who has just read such a file."""


class Snapshot(msgspec.Struct, kw_only=True):
    """What processes have counted.

    totals: counters and histograms. gauges: of living processes alone.
    includes: the names of the files whose counts are in this one.
    """

    totals: Counts
    gauges: Counts = {}
    includes: list[str] = []


def add(counts: Counts, more: Counts) -> None:
    """Add numbers to those in `counts`. Series of another shape are left out."""
    for name, series in more.items():
        known = counts.setdefault(name, {})
        for labels, numbers in series.items():
            before = known.get(labels)
            if before is None:
                known[labels] = numbers
            elif len(before) == len(numbers):
                known[labels] = [one + other for one, other in zip(before, numbers, strict=True)]


class OwnFile:
    """The file of this process, locked while the process lives."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / f"{os.getpid()}-{token_hex(8)}.metrics"
        self._file: IO[bytes] | None = None

    def write(self, snapshot: Snapshot) -> None:
        """Replace the file. Raises OSError, with the file as it was."""
        file = _replace(self.path, snapshot)
        self.close()
        self._file = file

    def close(self) -> None:
        """Let go of the file, as at the end of the process. Write nothing after that."""
        if self._file is not None:
            self._file.close()


def read_all(directory: Path) -> dict[str, Snapshot]:
    """The snapshots in a directory by the names of their files, each count in one of them."""
    snapshots = {}
    for path in directory.glob(PATTERN):
        snapshot, has_ended = _read(path)
        if snapshot is not None:
            if has_ended:
                snapshot.gauges.clear()
            snapshots[path.name] = snapshot
    ended, _ = _read(directory / ENDED)  # last: what was moved to it meanwhile is in both
    if ended is not None:
        for name in ended.includes:
            snapshots.pop(name, None)
        snapshots[ENDED] = ended
    return snapshots


def fold_ended(directory: Path) -> None:
    """Move the counts of all processes that have ended to one file. Raises OSError.

    Nothing is done while another process does it.
    """
    handle = os.open(directory, os.O_RDONLY)
    try:
        if not _lock(handle):
            return
        before, _ = _read(directory / ENDED)
        ended = before or Snapshot(totals={})
        paths = [path for path in directory.glob(PATTERN) if _move(path, ended)]
        if paths:
            ended.includes = ended.includes[-REMEMBERED:]
            _replace(directory / ENDED, ended).close()
        for path in paths:
            path.unlink()
        for unfinished in directory.glob("*-*.new"):
            if _has_ended(unfinished):
                unfinished.unlink()
    finally:
        os.close(handle)


def _move(path: Path, ended: Snapshot) -> bool:
    """Add the counts of a file whose process has ended. Return whether the file can go."""
    snapshot, has_ended = _read(path)
    if snapshot is None or not has_ended:
        return False
    if path.name not in ended.includes:
        add(ended.totals, snapshot.totals)
        ended.includes.append(path.name)
    return True


def _replace(path: Path, snapshot: Snapshot) -> IO[bytes]:
    """Write a file, locked before it has its name. Raises OSError, and leaves nothing behind."""
    new = path.with_suffix(".new")
    file = new.open("wb")
    try:
        _lock(file.fileno())
        file.write(msgspec.msgpack.encode(snapshot))
        file.flush()
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            file.close()
        with suppress(OSError):
            new.unlink()
        raise
    return file


def _read(path: Path) -> tuple[Snapshot | None, bool]:
    """The snapshot in a file, None for anything else; and whether its process has ended."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None, False
        with path.open("rb") as file:
            snapshot = msgspec.msgpack.decode(file.read(LARGEST), type=Snapshot)
            return snapshot, _is_left(path, file)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None, False


def _has_ended(path: Path) -> bool:
    with path.open("rb") as file:
        return _is_left(path, file)


def _is_left(path: Path, file: IO[bytes]) -> bool:
    """Whether nobody holds the lock of a file, which has not been replaced since it was opened."""
    return _lock(file.fileno(), shared=True) and os.path.samestat(
        path.stat(), os.fstat(file.fileno())
    )


def _lock(handle: int, *, shared: bool = False) -> bool:
    """Lock a file or directory until it is closed. False if somebody else has locked it."""
    if sys.platform == "win32":  # where one process serves
        return not shared
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

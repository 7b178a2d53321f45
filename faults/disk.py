"""A small file system that can be full for a while."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.servers import BenchmarkError
from faults.outcome import Skipped

MIB = 2**20
LEFT = 64 * 1024
"""How many bytes a full disk has left at first."""
TRIES = 100


class Disk:
    """A tmpfs of `size` bytes, mounted at `path`."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self._size = size

    @contextmanager
    def full(self) -> Iterator[None]:
        """Let the disk have hardly any space left during the block.

        The size of the file system shrinks to what is used, so that this takes no memory.
        """
        for _ in range(TRIES):  # others write in between
            if self._resize(self._used() + LEFT):
                break
        else:
            raise BenchmarkError(f"{self.path} could not be filled.")
        try:
            yield
        finally:
            if not self._resize(self._size):
                raise BenchmarkError(f"{self.path} could not be freed.")

    def files(self) -> list[str]:
        """The paths of all files on the disk, relative to its root."""
        found = (path for path in self.path.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.path)) for path in found)

    def _used(self) -> int:
        found = os.statvfs(self.path)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def _resize(self, size: int) -> bool:
        return not _run("mount", "-o", f"remount,size={size}", str(self.path)).returncode


@contextmanager
def disk(mebibytes: int) -> Iterator[Disk]:
    """Mount a Disk that everybody may use. Unmount it after the block.

    Raises Skipped where that is not allowed.
    """
    with tempfile.TemporaryDirectory(prefix="tradepost-disk-") as directory:
        path, size = Path(directory), mebibytes * MIB
        options = f"size={size},mode=1777"
        mount = _run("mount", "-t", "tmpfs", "-o", options, "tradepost-faults", directory)
        if mount.returncode:
            raise Skipped(f"mounting a file system needs root: {mount.stderr.strip()}")
        try:
            yield Disk(path, size)
        finally:
            umount = _run("umount", "--lazy", directory)
            if umount.returncode:
                raise BenchmarkError(umount.stderr)


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))

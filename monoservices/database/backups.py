"""Backups of the default database: dated files in a directory, of which each is whole."""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection

from monoservices.database.copying import BackupError
from monoservices.database.engines import engine

_NAME = re.compile(r"tradepost-\d{8}T\d{6}Z\.(dump|sqlite3)")
_PARTIAL = ".tradepost-backup-"
"""What the names of directories begin with, in which a backup is not complete."""
_KINDS = {b"PGDMP": "PostgreSQL", b"SQLite format 3\0": "SQLite"}
"""Names of databases, as Django has them, by what their backups begin with."""


def back_up(directory: Path, *, keep: int | None = None) -> Path:
    """Write one backup, and return its path. The shop may go on working.

    The backup has everything that was committed before the time in its name (UTC). Only the owner
    of the file can read it. A file with such a name is whole and on disk.
    keep: afterwards remove all backups in the directory but this one and the `keep - 1` newest.
    Raises BackupError or OSError if there is no backup. Then the directory is as it was.
    """
    if not _tables():
        raise BackupError(
            f"The database {_database()} has no tables, so there is nothing to back up. "
            "Check DATABASE_URL."
        )
    with _only_backup(directory) as descriptor:
        for rest in directory.glob(f"{_PARTIAL}*"):  # of a backup that was killed
            shutil.rmtree(rest)
        started = datetime.now(UTC)
        with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=directory) as partial:
            file = Path(partial) / "backup"
            engine().write_backup(file)
            file.chmod(0o600)
            with file.open("rb") as written:
                os.fsync(written.fileno())
            name = f"tradepost-{started:%Y%m%dT%H%M%SZ}{engine().BACKUP_SUFFIX}"
            new = file.replace(directory / name)
        os.fsync(descriptor)
        if keep is not None:
            _remove_oldest(directory, new, keep)
    return new


def restore(file: Path) -> None:
    """Restore a backup into the default database, which must be empty.

    Raises BackupError or OSError if that fails. Then the database is still empty.
    """
    with file.open("rb") as opened:
        first = opened.read(max(map(len, _KINDS)))
    kind = next((kind for begin, kind in _KINDS.items() if first.startswith(begin)), None)
    if kind is None:
        raise BackupError(f"{file} is not a backup.")
    if kind != connection.display_name:
        raise BackupError(
            f"{file} is a backup of {kind}, and DATABASE_URL names {connection.display_name}."
        )
    if tables := _tables():
        raise BackupError(
            f"The database {_database()} is not empty: it has the table {tables[0]}. "
            "Create an empty database, and let DATABASE_URL name it."
        )
    engine().restore_backup(file)


@contextmanager
def _only_backup(directory: Path) -> Iterator[int]:
    """Keep other backups out of the directory. Yield its file descriptor."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"Another backup is being written to {directory}.") from None
        yield descriptor
    finally:
        os.close(descriptor)


def _remove_oldest(directory: Path, new: Path, keep: int) -> None:
    """Keep the new one in any case, also if the clock was set back."""
    others = [file for file in directory.iterdir() if _NAME.fullmatch(file.name) and file != new]
    for old in sorted(others, reverse=True)[keep - 1 :]:
        old.unlink()


def _tables() -> list[str]:
    return sorted(connection.introspection.table_names())


def _database() -> str:
    return str(connection.settings_dict["NAME"])

"""SQLite's online backup writes and restores backups (https://www.sqlite.org/backup.html)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

from monoservices.database.copying import BackupError

BACKUP_SUFFIX = ".sqlite3"
_PAGES = 1_000
"""How many pages are copied at a time. Python handles signals in between."""
_WAIT_SECONDS = 5


def write_backup(file: Path) -> None:
    """Write what one snapshot of the default database shows.

    With a write-ahead log, which every connection of Tradepost sets, a snapshot holds up no writer.
    """
    with _reported(), _opened(_database()) as source, _opened(file) as copy:
        _copy(source, copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # so that the copy is one file
    _check(file)


def restore_backup(file: Path) -> None:
    """Restore in one transaction, which changes nothing if it fails.

    SQLite itself replaces the pages, so that no write-ahead log of the empty database is left.
    """
    _check(file)
    connection.close()  # would be one too many
    with _reported(), _opened(_database()) as target, _opened_to_read(file) as source:
        # Nobody else may have the database open: not even to read, so that no server runs on it.
        target.execute("PRAGMA locking_mode=EXCLUSIVE")
        target.execute("PRAGMA journal_mode=DELETE")
        target.execute("BEGIN EXCLUSIVE")
        [(count,)] = target.execute("SELECT count(*) FROM sqlite_master")
        target.execute("ROLLBACK")  # keeps the lock, in this mode
        if count:
            raise BackupError(f"{_database()} is not empty any more.")
        _copy(source, target)


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    # A snapshot begins with the first read. Without one, every write of somebody else would start
    # the copy again.
    source.execute("BEGIN")
    source.execute("SELECT count(*) FROM sqlite_master").fetchall()
    source.backup(target, pages=_PAGES, progress=_handle_signals)
    source.execute("ROLLBACK")


def _handle_signals(*_: int) -> None:
    """Nothing: Python handles signals whenever it calls a function."""


def _check(file: Path) -> None:
    """Raises BackupError if the file is not whole, or damaged."""
    with _reported(), _opened_to_read(file) as copy:
        [(pages,)] = copy.execute("PRAGMA page_count")
        [(page_bytes,)] = copy.execute("PRAGMA page_size")
        expected, found = pages * page_bytes, file.stat().st_size
        if found != expected:  # SQLite takes what is missing from the last page for zeros
            raise BackupError(f"{file} is not whole: it has {found} bytes instead of {expected}.")
        [(verdict,)] = copy.execute("PRAGMA integrity_check(1)")
        if verdict != "ok":
            raise BackupError(f"{file} is damaged: {verdict}")


def _database() -> Path:
    return Path(connection.settings_dict["NAME"])


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None)) as session:
        yield session


@contextmanager
def _opened_to_read(file: Path) -> Iterator[sqlite3.Connection]:
    uri = f"{file.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as session:
        yield session


@contextmanager
def _reported() -> Iterator[None]:
    """Raise errors of SQLite as BackupError."""
    try:
        yield
    except sqlite3.Error as error:
        raise BackupError(f"SQLite failed: {error}.") from error

"""`manage.py backup` writes whole files or none, and removes only its own old ones."""

import fcntl
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import connection

from apps.products.models import Product
from apps.products.operations import create_product
from faults.disk import disk
from faults.outcome import Skipped
from monoservices.database.copying import sqlite as copying
from monoservices.database.engines import engine
from tests.backups.conftest import back_up, default_database, present_url, restore

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 60

# Runs `manage.py backup DIRECTORY`, with a signal to itself before the file gets its name.
SIGNALED = """
import os, sys
import django
django.setup()
from django.core.management import call_command
from monoservices.database.engines import engine
write_backup = engine().write_backup
def write_and_signal(file):
    write_backup(file)
    os.kill(os.getpid(), int(sys.argv[2]))
engine().write_backup = write_and_signal
call_command("backup", sys.argv[1])
"""


def start(*arguments: str | Path) -> "subprocess.Popen[bytes]":
    """Start Python with these arguments, on the test database."""
    environment = {"DATABASE_URL": present_url(), "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=os.environ | environment)


def fail(directory: Path, reason: str) -> None:
    """Assert that a backup fails for this reason, and leaves nothing."""
    before = sorted(directory.iterdir()) if directory.exists() else None
    with pytest.raises(CommandError, match=reason):
        back_up(directory)
    assert (sorted(directory.iterdir()) if directory.exists() else None) == before


def test_a_backup_is_one_private_file_with_its_time(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    file = back_up(tmp_path)
    after = datetime.now(UTC)
    assert list(tmp_path.iterdir()) == [file]
    moment = file.name.removeprefix("tradepost-").removesuffix(engine().BACKUP_SUFFIX)
    assert before <= datetime.strptime(moment, "%Y%m%dT%H%M%S%z") <= after
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_oldest_are_removed_after_the_new_one_is_there(tmp_path: Path) -> None:
    backups = [f"tradepost-2020010{day}T000000Z.{end}" for day, end in enumerate(["dump"] * 3, 1)]
    others = ["tradepost-20200101T000000Z.dump.gz", "my-tradepost-20200101T000000Z.dump", "notes"]
    for name in [*backups, *others]:
        (tmp_path / name).touch()
    new = back_up(tmp_path, "--keep", "2")
    assert {file.name for file in tmp_path.iterdir()} == {backups[-1], new.name, *others}


def test_the_new_one_stays_if_the_clock_was_set_back(tmp_path: Path) -> None:
    later = [tmp_path / f"tradepost-2999010{day}T000000Z.sqlite3" for day in (1, 2)]
    for file in later:
        file.touch()
    new = back_up(tmp_path, "--keep", "1")
    assert list(tmp_path.iterdir()) == [new]


def test_none_is_removed_without_being_told_to(tmp_path: Path) -> None:
    old = tmp_path / "tradepost-20200101T000000Z.dump"
    old.touch()
    new = back_up(tmp_path)
    assert {*tmp_path.iterdir()} == {old, new}


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many", ""])
def test_how_many_to_keep_is_a_number(tmp_path: Path, number: str) -> None:
    with pytest.raises(CommandError, match="expected a whole number from 1 to 10000"):
        back_up(tmp_path, f"--keep={number}")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_must_exist(tmp_path: Path) -> None:
    """A directory of a disk that is not mounted would be on another one."""
    fail(tmp_path / "missing", "No such file or directory")


def test_an_empty_database_is_not_backed_up(tmp_path: Path, empty_database: str) -> None:
    with default_database(empty_database):
        fail(tmp_path, "has no tables, so there is nothing to back up")


def test_one_backup_at_a_time(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    fail(tmp_path, "Another backup is being written to")
    os.close(descriptor)
    assert back_up(tmp_path).exists()


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    for number in range(30):  # more than fits
        description = os.urandom(4_000).hex()
        create_product(name=f"Mug {number}", description=description, price="9.99")
    try:
        with disk(256) as small:  # the database of a long run has many free pages
            with small.full():
                fail(small.path, "No space left|disk is full|disk I/O error")
            assert back_up(small.path).exists()
    except Skipped as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_backup_that_is_stopped_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with start("-c", SIGNALED, tmp_path, str(number.value)) as process:
        assert process.wait(DEADLINE) == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_a_killed_backup_leaves_no_file_with_a_final_name(tmp_path: Path) -> None:
    with start("-c", SIGNALED, tmp_path, str(signal.SIGKILL.value)) as process:
        assert process.wait(DEADLINE) == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".tradepost-backup-")
    assert stat.S_IMODE(left.stat().st_mode) == 0o700
    new = back_up(tmp_path)
    assert list(tmp_path.iterdir()) == [new]  # the next one removes what is left


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_a_backup_of_sqlite_holds_up_no_writer(
    tmp_path: Path, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def write(*_: int) -> None:
        if len(steps) == 50:
            return  # a copy that begins again and again would never end
        steps.append("written")
        with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0)) as other:
            other.execute("UPDATE products_product SET description = ?", [f"step {len(steps)}"])
            other.commit()

    with connection.cursor() as cursor:
        [(pages,)] = cursor.execute("PRAGMA page_count").fetchall()
    monkeypatch.setattr(copying, "_PAGES", pages // 20)
    monkeypatch.setattr(copying, "_handle_signals", write)
    create_product(name="Blue Mug", description="before", price="9.99")
    file = back_up(tmp_path)
    monkeypatch.undo()
    assert 5 < len(steps) < 50  # no write has made the copy begin again
    assert Product.objects.get().description == f"step {len(steps)}"
    with default_database(empty_database):
        restore(file)
        assert Product.objects.get().description == "before"

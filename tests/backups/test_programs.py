"""The programs of PostgreSQL: which one runs, what it is told, and how it ends."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from monoservices.database.copying import postgresql as copying
from tests.backups.conftest import back_up, default_database, present_url
from tests.backups.test_backup import DEADLINE, fail, start

pytestmark = pytest.mark.skipif("connection.vendor != 'postgresql'")

# A pg_dump that says what it is told.
TELLTALE = """#!/bin/sh
[ "$2" = "" ] && echo "pg_dump (PostgreSQL) {version}" && exit
echo "$* PGPASSWORD=$PGPASSWORD"
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory in which programs are found; at first it is empty."""
    directory = tmp_path / "programs"
    directory.mkdir()
    monkeypatch.setattr(copying, "_PLACES", ())
    monkeypatch.setenv("PATH", str(directory))
    return directory


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "backups"
    directory.mkdir()
    return directory


def server_version() -> int:
    return int(copying._session().info.server_version // 10_000)


def put(programs: Path, version: object) -> None:
    file = programs / "pg_dump"
    file.write_text(TELLTALE.format(version=version))
    file.chmod(0o755)


def test_programs_must_be_there(programs: Path, directory: Path) -> None:
    version = server_version()
    fail(directory, rf"There is no pg_dump. .*\(on Debian, postgresql-client-{version}\)")


@pytest.mark.parametrize("difference", [-1, 1])
def test_programs_are_of_the_servers_version(
    programs: Path, directory: Path, difference: int
) -> None:
    """A newer server's programs write what an older server does not restore."""
    version = server_version()
    put(programs, f"{version + difference}.{version}")
    fail(
        directory,
        rf"pg_dump is pg_dump .*{version + difference}.* The server is PostgreSQL {version}",
    )


def test_a_password_is_not_on_the_command_line(programs: Path, directory: Path) -> None:
    put(programs, f"{server_version()}.3 (Debian)")
    address = present_url().partition("@")[2]
    with default_database(f"postgres://{connection.settings_dict['USER']}:se%20cret@{address}"):
        told, _, password = back_up(directory).read_text().partition(" PGPASSWORD=")
    assert password == "se cret\n"
    assert "cret" not in told
    assert told.startswith("--no-password --format=custom --lock-wait-timeout=60000 --dbname=")
    assert f"dbname={connection.settings_dict['NAME']}" in told


def test_pg_dump_ends_before_the_backup_that_is_stopped(directory: Path) -> None:
    with (
        psycopg.connect(present_url()) as migration,
        start("manage.py", "backup", directory) as process,
    ):
        migration.execute("LOCK TABLE products_product")
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        end = time.monotonic() + DEADLINE
        while migration.execute(waiting).fetchone() == (0,):
            assert time.monotonic() < end
            time.sleep(0.01)
        ps = ["ps", "-A", "-o", "pid=,ppid="]
        listed = subprocess.run(ps, capture_output=True, text=True, check=True).stdout.split()
        pairs = zip(listed[::2], listed[1::2], strict=True)
        (pg_dump,) = (int(pid) for pid, parent in pairs if int(parent) == process.pid)
        process.terminate()
        assert process.wait(DEADLINE) == 128 + signal.SIGTERM
        with pytest.raises(ProcessLookupError):
            os.kill(pg_dump, 0)
    assert list(directory.iterdir()) == []


def test_a_program_that_hangs_is_ended(
    programs: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(programs, f"{server_version()}.3")
    with (programs / "pg_dump").open("a") as file:
        file.write("n=0; while [ $n -lt 5000000 ]; do n=$((n + 1)); done\n")  # some seconds
    monkeypatch.setattr(copying, "LONGEST_SECONDS", 0.5)
    fail(directory, r"pg_dump took more than 0\.5 seconds")


def test_a_locked_table_is_not_waited_for_without_end(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "LOCK_WAIT_MS", 100)
    with psycopg.connect(present_url()) as migration:
        migration.execute("LOCK TABLE products_product")
        fail(directory, "pg_dump failed: .*canceling statement due to statement timeout")

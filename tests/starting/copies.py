"""Copies of this project to change, and to run commands in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.__main__ import ROOT, SETTINGS

RELEASE = "make --no-print-directory -o install-dev release"
"""Builds the release, where everything is installed already."""


class Directory:
    """A directory with a `.venv`, in which commands run without the environment of the tests.

    The `.venv` is this project's own, unless the directory has one already.
    """

    def __init__(self, path: Path, **environment: str) -> None:
        self.path = path
        self.environment = environment
        if not (path / ".venv").exists():
            (path / ".venv").symlink_to(sys.prefix)

    def run(self, command: str, *, fails: bool = False) -> str:
        """Run a shell command and return what it printed, on both streams.

        fails: whether it is expected to.
        """
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", command],  # noqa: S607 - the machine's own
            cwd=self.path,
            env=_environment() | self.environment | {"MYPY_CACHE_DIR": str(ROOT / ".mypy_cache")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, f"{command}\n{done.stdout}"
        return str(done.stdout)

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a program of the `.venv` that reads and writes lines of text."""
        return subprocess.Popen(
            [str(self.path / ".venv" / "bin" / command[0]), *command[1:]],
            cwd=self.path,
            env=_environment() | self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def insert(self, name: str, line: str, *, after: str) -> None:
        """Put a line into a file, after the one line that is `after`."""
        file = self.path / name
        lines = file.read_text().split("\n")
        assert lines.count(after) == 1, name
        lines.insert(lines.index(after) + 1, line)
        file.write_text("\n".join(lines))


def copy_of_this_project(path: Path, *parts: str) -> Directory:
    """What git has of this project, as it is in the working tree. parts: only these paths of it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *parts]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, path / name)
    database = f"sqlite:///{path.parent / path.name}.sqlite3"
    return Directory(
        path, **SETTINGS, DATABASE_URL=database, DJANGO_SETTINGS_MODULE="config.settings"
    )


def _environment() -> dict[str, str]:
    """What programs need of the environment, without what this run of the tests has set."""
    kept = {"HOME", "LANG", "LC_ALL", "PATH", "TMPDIR"}
    return {name: value for name, value in os.environ.items() if name in kept}

"""The programs of `package.json`, which run on Node: linters of the document, a generator, tsc."""

import fcntl
import hashlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"

_LOCK = HERE / "package-lock.json"
_SECONDS = 300
"""How long an installation, and the wait for that of another process, may take."""


def program(name: str) -> Path:
    """Return the path of a program in node_modules/.bin; skip the test if it cannot be installed.

    The first call of a process runs `npm ci` unless node_modules holds what the lock file says.
    """
    if reason := _install():
        pytest.skip(reason)
    return MODULES / ".bin" / name


@cache
def _install() -> str:
    """Install the packages of the lock file. Return why that is not possible, or an empty text."""
    if not (npm := shutil.which("npm")) or not shutil.which("node"):
        return "Node and npm are not installed."
    marker = MODULES / ".installed"
    wanted = hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    try:
        with _alone():
            if not marker.exists() or marker.read_text() != wanted:
                command = [npm, "ci", "--ignore-scripts"]
                subprocess.run(
                    command, cwd=HERE, check=True, capture_output=True, text=True, timeout=_SECONDS
                )
                marker.write_text(wanted)
    except subprocess.CalledProcessError as error:
        return f"npm cannot install the packages: {error.stderr[-500:]}"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"npm cannot install the packages: {error}"
    return ""


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time install. Raises TimeoutError."""
    end = time.monotonic() + _SECONDS
    with _LOCK.open() as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise TimeoutError(f"another process has held {_LOCK.name} too long") from None
                time.sleep(0.2)
        yield

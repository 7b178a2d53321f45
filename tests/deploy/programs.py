"""Programs that check the files of `deploy/`, where they are installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def program(*names: str) -> str:
    """The path of the first of these programs that is installed; skips the test without one."""
    found = list(filter(None, map(shutil.which, names)))
    if not found:
        pytest.skip(f"not installed: {' or '.join(names)}")
    return found[0]


def run(*command: str | Path, **environment: str) -> str:
    """What a command prints on both streams. It must succeed."""
    done = subprocess.run(
        command,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def check_unit(directory: Path, name: str, *with_it: Path) -> None:
    """Let systemd check a service of `deploy/` in a directory, and the units `with_it`.

    It must do without warnings, and protect the machine.
    """
    analyze, unit = program("systemd-analyze"), directory / name
    text = (DEPLOY / name).read_text()
    unit.write_text(text.replace("/opt/tradepost/.venv/bin/python", sys.executable))
    assert run(analyze, "verify", "--man=no", unit, *with_it) == ""
    # 100 is a unit without any protection; below 20 is what its manual calls OK.
    run(analyze, "security", "--offline=true", "--threshold=20", unit)

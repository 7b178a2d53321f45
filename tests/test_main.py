"""`python -m tests` itself."""

import re
import subprocess
import sys

from tests.__main__ import ROOT, SETTINGS


def test_no_setting_is_left_to_a_developers_env_file() -> None:
    settings = (ROOT / "config" / "settings.py").read_text()
    assert set(re.findall(r'\benv\.\w+\(\s*"(\w+)"', settings)) == {*SETTINGS, "DATABASE_URL"}


def test_an_unknown_database_is_refused() -> None:
    command = [sys.executable, "-m", "tests", "oracle"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "invalid choice: 'oracle'" in run.stderr


def test_a_failure_fails_the_run() -> None:
    command = [
        sys.executable,
        "-m",
        "tests",
        "sqlite",
        "--",
        "--collect-only",
        "-q",
        "no-such-test",
    ]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stdout.startswith("\n=== sqlite ===\n")

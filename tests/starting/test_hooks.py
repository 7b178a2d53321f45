"""The hooks of pre-commit, and the checks of continuous integration, are those of `make check`."""

import re
import subprocess
import sys

from tests.__main__ import ROOT

HOOKS = ROOT / ".pre-commit-config.yaml"


def test_the_hooks_are_valid() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(HOOKS)]
    subprocess.run(command, check=True, timeout=60)


def test_the_hooks_run_what_make_check_runs() -> None:
    (recipe,) = re.findall(
        r"^check: install-dev.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    tools = re.findall(
        r"^\t\$\((?:PY\) -m |VENV\)/bin/)([\w-]+(?: (?:format|check)\b)?)", recipe, re.MULTILINE
    )
    entries = re.findall(r"^ +entry: (.+)$", HOOKS.read_text(), re.MULTILINE)
    assert tools == ["ruff format", "ruff check", "lint-imports", "mypy", "tests"]
    # What starts a server of PostgreSQL has no hook of its own.
    for tool, entry in zip([*tools[:-1], "make check"], entries, strict=True):
        assert tool in entry


def test_continuous_integration_runs_everything() -> None:
    assert "run: .ci/run\n" in (ROOT / ".github/workflows/ci.yml").read_text()

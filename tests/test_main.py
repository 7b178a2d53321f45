"""The test runner, `python -m tests`."""

import os
import re
import subprocess
import sys

import pytest

from tests.__main__ import DURATION, LANES, ROOT, SETTINGS, running_aside
from tests.changed import select_tests


def test_no_setting_is_left_to_a_developers_env_file() -> None:
    settings = (ROOT / "config" / "settings.py").read_text()
    assert set(re.findall(r'\benv\.\w+\(\s*"(\w+)"', settings)) == {*SETTINGS, "DATABASE_URL"}


def test_an_unknown_database_is_refused() -> None:
    command = [sys.executable, "-m", "tests", "oracle"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "invalid choice: 'oracle'" in run.stderr


def test_the_whole_suite_says_first_how_long_it_takes() -> None:
    command = [sys.executable, "-m", "tests"]
    environment = os.environ | {"PYTEST_ADDOPTS": "--collect-only", "DATABASE_URL": ""}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        assert run.stdout.readline() == (
            f"All tests: {DURATION}. `make test-fast` runs those of what changed.\n"
        )
        run.terminate()
    for document in ("README.md", "CONTRIBUTING.md"):
        assert f"on SQLite and on PostgreSQL: {DURATION}\n" in (ROOT / document).read_text()


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


def test_the_databases_run_side_by_side_and_both_are_reported() -> None:
    command = [sys.executable, "-m", "tests", "--", "--collect-only", "-q", "tests/test_main.py"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0
    titles = re.findall(r"^=== (\w+) ===$", run.stdout, re.MULTILINE)
    assert titles == ["sqlite", "postgresql"]
    assert run.stdout.count("tests/test_main.py::test_an_unknown_database_is_refused\n") == 2


@pytest.mark.parametrize(
    ("test", "passes"), [("tests/test_main.py", True), ("no-such-test", False)]
)
def test_a_failure_aside_is_seen(
    test: str, passes: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    with running_aside("sqlite", ["--", "--collect-only", "-q", test]) as has_passed:
        assert has_passed() is passes
    assert capfd.readouterr().out.startswith("\n=== sqlite ===\n")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], []),
        (["README.md", "apps/gone/models.py", "monoservices/apps.py"], []),
        (["apps/orders/models.py"], ["apps/orders/tests", "apps/payments/tests"]),
        (
            ["apps/accounts/models.py"],
            ["apps/accounts/tests", "apps/orders/tests", "apps/payments/tests"],
        ),
        (["monoservices/files/lines.py"], ["monoservices/tests/files"]),
        (["monoservices/boundaries/checks/sql.py"], ["monoservices/tests/boundaries"]),
        (["benchmarks/load.py"], ["benchmarks/tests"]),
        (["tests/test_main.py", "tests/postgres.py"], ["tests/test_main.py"]),
    ],
)
def test_what_changed_names_its_tests(files: list[str], expected: list[str]) -> None:
    assert select_tests(files) == expected


def test_the_lanes_of_the_whole_suite_leave_no_test_out() -> None:
    (_, on_sqlite), (_, on_postgresql), (_, once) = LANES
    assert on_sqlite == on_postgresql == [f"--ignore={path}" for path in once]
    assert all((ROOT / path).exists() for path in once)

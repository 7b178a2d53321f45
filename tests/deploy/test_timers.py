"""What runs every night: systemd takes the units, and the commands that they name exist."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
NIGHTLY = ["backup", "reconcile"]


def analyze(*arguments: str | Path) -> str:
    """What `systemd-analyze` prints. Skips the test where it is not installed."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("not installed: systemd-analyze")
    done = subprocess.run(
        [program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("name", NIGHTLY)
def test_systemd_takes_the_timer_and_its_service(tmp_path: Path, name: str) -> None:
    service, timer = (tmp_path / f"tradepost-{name}.{kind}" for kind in ("service", "timer"))
    text = (DEPLOY / service.name).read_text()
    service.write_text(text.replace("/opt/tradepost/.venv/bin/python", sys.executable))
    shutil.copy(DEPLOY / timer.name, timer)
    assert analyze("verify", "--man=no", service, timer) == ""
    # 100 is a unit without any protection; below 20 is what its manual calls OK.
    analyze("security", "--offline=true", "--threshold=20", service)


@pytest.mark.parametrize("name", NIGHTLY)
def test_the_service_runs_a_command_that_exists(name: str) -> None:
    lines = (DEPLOY / f"tradepost-{name}.service").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("ExecStart="))
    _, manage, command, *arguments = shlex.split(line.removeprefix("ExecStart="))
    assert (manage, command) == ("manage.py", name)
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    options = parser.parse_args(arguments)
    if name == "backup":
        assert options.keep == 14
        assert f"ReadWritePaths={options.directory}" in lines

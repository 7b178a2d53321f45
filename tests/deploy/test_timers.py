"""What runs every night: systemd takes the units, and the commands that they name exist."""

import shlex
import shutil
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.deploy.programs import DEPLOY, check_unit

NIGHTLY = ["backup", "reconcile"]


@pytest.mark.parametrize("name", NIGHTLY)
def test_systemd_takes_the_timer_and_its_service(tmp_path: Path, name: str) -> None:
    timer = f"tradepost-{name}.timer"
    shutil.copy(DEPLOY / timer, tmp_path)
    check_unit(tmp_path, f"tradepost-{name}.service", tmp_path / timer)


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

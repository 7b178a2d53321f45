"""examples/two_services, on the wheel: a test follows its README to the end."""

import shutil
from pathlib import Path

import pytest
from django.db import connection

from tests.__main__ import ROOT
from tests.starting.copies import Directory
from tests.starting.documents import follow

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the example has a database of its own"
)

EXAMPLE = "examples/two_services"
DONE_ALREADY = (
    "make wheel",
    f"cd {EXAMPLE}",
    "python3 -m venv .venv",
    ".venv/bin/python -m pip install ../../dist/monoservices-*.whl djangorestframework",
)


def test_the_readme(site: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / EXAMPLE, tmp_path / "example", ignore=shutil.ignore_patterns(".venv"))
    project = Directory(tmp_path / "example", PYTHONPATH=str(site), PYTHONWARNINGS="error")
    project.run(".venv/bin/python manage.py makemigrations --check --dry-run")
    follow(f"{EXAMPLE}/README.md", project, instead=dict.fromkeys(DONE_ALREADY, "true"))

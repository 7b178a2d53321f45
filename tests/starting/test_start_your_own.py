"""docs/tutorial/start-your-own.md, followed in a copy of this project."""

import re
from pathlib import Path

import pytest
from django.db import connection

from tests.starting.copies import copy_of_this_project
from tests.starting.documents import follow

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="copies have databases of their own"
)

# The tests of monoservices run elsewhere; here, those of each wing that ask the installed services.
_TESTS = "apps tests monoservices/tests/boundaries monoservices/tests/services"
TESTS_ON_SQLITE = {
    "make test": f".venv/bin/python -m tests sqlite -- -q {_TESTS} &&"
    " .venv/bin/python -m tests sqlite -- -q --collect-only"
}


def test_the_document(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    project = copy_of_this_project(tmp_path / "project")
    follow("docs/tutorial/start-your-own.md", project, instead=TESTS_ON_SQLITE)
    services = sorted(each.name for each in (project.path / "apps").iterdir() if each.is_dir())
    assert [each for each in services if each != "__pycache__"] == [
        "accounts",
        "catalogue",
        "sales",
    ]
    described = (project.path / "docs" / "reference" / "openapi.yaml").read_text()
    assert re.findall(r"^  (/\S+):$", described, re.MULTILINE) == [
        *("/api/v1/catalogue/", "/api/v1/catalogue/{catalogue_id}/"),
        *("/api/v1/sales/", "/api/v1/sales/{sale_id}/"),
    ]
    assert [each.name for each in (project.path / "dist").glob("*.whl")] == [
        "monoservices-0.1.0-py3-none-any.whl"
    ]

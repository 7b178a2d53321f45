"""docs/how-to/add-a-field.md, followed in a copy of this project."""

import re
from pathlib import Path

import pytest
from django.db import connection

from tests.starting.copies import Directory, copy_of_this_project
from tests.starting.documents import steps

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="copies have databases of their own"
)

PAGE = "docs/how-to/add-a-field.md"
ALL_TESTS = "-q apps/products tests/test_docs.py"
OF_THE_FIELD = (
    "-q apps/products/tests/test_views.py apps/products/tests/test_models.py tests/test_docs.py"
    " -k 'weight or create_a_product or every_constraint or examples_of_the_api_guide'"
)


def patch(project: Directory, diff: str) -> None:
    """Apply a block: `--- file`, then hunks without line numbers, with ` …` between them."""
    named, hunks = diff.split("\n", maxsplit=1)
    file = project.path / named.removeprefix("--- ")
    text = file.read_text()
    for hunk in hunks.removesuffix("\n").split("\n …\n"):
        lines = hunk.split("\n")
        before = "".join(f"{line[1:]}\n" for line in lines if line[0] != "+")
        assert text.count(before) == 1, f"{file}: {text.count(before)} times\n{before}"
        text = text.replace(before, "".join(f"{line[1:]}\n" for line in lines if line[0] != "-"))
    file.write_text(text)


def test_the_document(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    project = copy_of_this_project(tmp_path / "project")
    for step in steps(PAGE):
        if step.kind == "diff":
            for file in re.split(r"^(?=--- )", step.text, flags=re.MULTILINE)[1:]:
                patch(project, file)
        elif step.kind == "python":
            with (project.path / step.file).open("a") as file:
                file.write(f"\n\n{step.text}")
        else:
            # Nothing is to be installed here.
            commands = step.text.replace("make ", "make --no-print-directory -o install-dev ")
            project.run(commands.replace(ALL_TESTS, OF_THE_FIELD))
    assert "weight_grams:" in (project.path / "docs/reference/openapi.yaml").read_text()
    (migration,) = (project.path / "apps/products/migrations").glob("*_weight.py")
    assert "product_weight_in_bounds" in migration.read_text()

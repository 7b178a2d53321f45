"""The baseline of known violations only shrinks."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import override_settings

from monoservices.boundaries.baseline import remove_known
from monoservices.boundaries.checking import check_boundaries, find_violations
from monoservices.tests.boundaries.checks.conftest import Project, service

FILES = {
    "stock/apps.py": service("stock"),
    "stock/models.py": "def f() -> int: ...",
    "shop/apps.py": service("shop", "stock"),
    "shop/microservice_communication.py": """
        from stock import models

        def g() -> int:
            return models.f()
    """,
}
ENTRY = {
    "id": "E001",
    "path": "shop/views.py",
    "service": "shop",
    "other": "stock",
    "what": "shop imports stock.models of stock.",
}
IMPORT = "import stock.models\n"


@pytest.fixture
def baseline(tmp_path: Path) -> Iterator[Path]:
    """The file, which is not there yet. To be asked for before `project`, which is undone first."""
    file = tmp_path / "boundaries.jsonl"
    with override_settings(BOUNDARIES_BASELINE=file):
        yield file


def errors() -> list[str]:
    return [f"{error.id} {error.msg}" for error in check_boundaries(None)]


def shrink() -> str:
    out = StringIO()
    call_command("boundaries_baseline", stdout=out)
    return out.getvalue().strip()


def entries(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_without_a_file_every_violation_is_an_error(baseline: Path, project: Project) -> None:
    project(FILES | {"shop/views.py": IMPORT})
    assert errors() == ["monoservices.E001 shop/views.py:1: shop imports stock.models of stock."]


def test_the_command_makes_what_there_is_known(baseline: Path, project: Project) -> None:
    project(FILES | {"shop/views.py": IMPORT, "shop/admin.py": IMPORT})
    assert shrink() == "Known violations: 2."
    assert entries(baseline) == [ENTRY | {"path": "shop/admin.py"}, ENTRY]
    assert errors() == []


def test_known_violations_may_move(
    baseline: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline.write_text(json.dumps(ENTRY))
    project(FILES | {"shop/views.py": "\n\n" + IMPORT})
    assert errors() == []
    monkeypatch.chdir(baseline.parent / "shop")
    assert errors() == []


def test_new_violations_are_errors(baseline: Path, project: Project) -> None:
    baseline.write_text(json.dumps(ENTRY))
    project(FILES | {"shop/views.py": IMPORT + IMPORT, "shop/admin.py": IMPORT})
    assert errors() == [
        "monoservices.E001 shop/admin.py:1: shop imports stock.models of stock.",
        "monoservices.E001 shop/views.py:2: shop imports stock.models of stock.",
    ]
    assert shrink() == (
        "Known violations: 1; removed: 0.\nNew violations: 2. Run manage.py check to see them."
    )
    assert entries(baseline) == [ENTRY]


def test_an_entry_that_no_longer_occurs_is_an_error_until_it_is_removed(
    baseline: Path, project: Project
) -> None:
    baseline.write_text("\n".join(json.dumps(each) for each in (ENTRY, ENTRY | {"id": "E009"})))
    project(FILES | {"shop/views.py": IMPORT})
    [found] = remove_known(find_violations())
    assert (found.id, found.service, found.other) == ("E017", "shop", "stock")
    [error] = check_boundaries(None)
    assert error.msg == (
        "boundaries.jsonl:2: E009 no longer occurs in shop/views.py: shop imports stock.models of"
        " stock."
    )
    assert shrink() == "Known violations: 1; removed: 1."
    assert entries(baseline) == [ENTRY]
    assert errors() == []


def test_two_alike_are_two_entries(baseline: Path, project: Project) -> None:
    baseline.write_text("\n".join([json.dumps(ENTRY)] * 2))
    project(FILES | {"shop/views.py": IMPORT})
    [error] = check_boundaries(None)
    assert error.msg.startswith("boundaries.jsonl:2: E001 no longer occurs")
    assert shrink() == "Known violations: 1; removed: 1."


def test_entries_of_services_that_are_not_installed_stay(baseline: Path, project: Project) -> None:
    entry = ENTRY | {"other": "billing"}
    baseline.write_text(json.dumps(entry))
    project(FILES)
    assert errors() == []
    shrink()
    assert entries(baseline) == [entry]


@pytest.mark.parametrize(
    "line", ["", "{}", '"x"', *(json.dumps(ENTRY | each) for each in ({"line": "1"}, {"id": 1}))]
)
def test_a_line_that_is_no_entry(baseline: Path, project: Project, line: str) -> None:
    baseline.write_text(f"{json.dumps(ENTRY)}\n{line}\n")
    project(FILES)
    with pytest.raises(ImproperlyConfigured, match=r"^boundaries\.jsonl:2: "):
        check_boundaries(None)


def test_a_baseline_is_not_asked_for(project: Project) -> None:
    project(FILES | {"shop/views.py": IMPORT})
    assert len(errors()) == len(find_violations(["E001"])) == 1
    with pytest.raises(CommandError, match="BOUNDARIES_BASELINE is not set"):
        shrink()

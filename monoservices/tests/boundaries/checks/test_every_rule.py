"""Every rule registers itself, is documented and tested, and finds nothing in this project."""

import re
from pathlib import Path

from django.core.checks import run_checks
from django.core.checks.registry import registry

import monoservices
from monoservices.boundaries import checks
from monoservices.boundaries.checking import check_boundaries, find_violations
from monoservices.boundaries.rules import RULES, Violation

ROOT = Path(monoservices.__file__).parents[1]
BASELINE = "E017"
"""The one id that is no rule: an outdated entry of the baseline."""


def test_every_file_registers_the_rule_of_its_name() -> None:
    files = {file.stem for file in Path(checks.__file__).parent.glob("e*.py")}
    assert files == {check.__module__.rpartition(".")[2] for check in RULES.values()}
    for each, check in RULES.items():
        assert check.__module__.rpartition(".")[2].startswith(f"{each.lower()}_")


def test_every_id_has_one_section_in_the_documents() -> None:
    text = "".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))
    sections = re.findall(r"^### (E0\d\d): ", text, re.MULTILINE)
    assert sorted(sections) == sorted([*RULES, BASELINE])


def test_every_id_is_told_apart_in_tests() -> None:
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_[!e]*.py"))
    assert {*RULES, BASELINE} - set(re.findall(r'"(E0\d\d)"', tests)) == set()


def test_the_check_is_registered() -> None:
    registered: set[object] = set(registry.get_checks())
    assert check_boundaries in registered
    assert "monoservices" in registry.tags_available()


def test_nothing_is_found_in_this_project() -> None:
    assert find_violations() == []
    assert run_checks(tags=["monoservices"]) == []


def test_a_message() -> None:
    found = Violation(
        "E001", "sales", "catalogue", "sales/views.py", 3, "sales imports it.", "Ask."
    )
    message = found.message()
    assert (message.id, message.hint) == ("monoservices.E001", "Ask.")
    assert str(message) == (
        "sales: (monoservices.E001) sales/views.py:3: sales imports it.\n\tHINT: Ask."
    )

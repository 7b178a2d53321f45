"""Every rule can be looked up, is tested, and finds nothing in this project."""

import re
from pathlib import Path

from django.core.checks import run_checks
from django.core.checks.registry import registry

from monoservices.boundaries.checks import RULES, boundaries, violations
from monoservices.boundaries.checks.violations import Violation

ROOT = Path(__file__).resolve().parents[4]
CHECKS = ROOT / "monoservices" / "boundaries" / "checks"


def ids() -> set[str]:
    """The constants of the rules."""
    return {
        found
        for file in CHECKS.glob("*.py")
        for found in re.findall(r'"(E0\d\d)"', file.read_text())
    }


def test_every_id_has_one_section() -> None:
    pages = (ROOT / "docs" / "reference").glob("boundary-rules*.md")
    text = "".join(page.read_text() for page in pages)
    sections = re.findall(r"^### (E0\d\d): ", text, re.MULTILINE)
    assert sorted(sections) == sorted(ids())


def test_every_id_is_told_apart_in_tests() -> None:
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    assert ids() - set(re.findall(r'"(E0\d\d)"', tests)) == set()


def test_every_rule_is_a_file() -> None:
    modules = {Path(rule.__code__.co_filename) for rule in RULES}
    assert modules == {file for file in CHECKS.glob("*.py") if "\ndef check(" in file.read_text()}


def test_the_check_is_registered() -> None:
    checks: set[object] = set(registry.get_checks())
    assert boundaries in checks
    assert "monoservices" in registry.tags_available()


def test_nothing_is_found_in_this_project() -> None:
    assert violations() == []
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

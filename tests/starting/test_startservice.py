"""`manage.py startservice`, in a copy of this project: what it writes passes every check."""

import re

import pytest
from django.db import connection

from tests.starting.copies import Directory, copy_of_this_project

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="copies have databases of their own"
)

LAST = '    "apps.orders",'
LISTING = (
    "tests/test_access.py::test_every_route_has_an_entry",
    "tests/test_declarations.py",
    "tests/test_docs.py::test_error_codes_are_documented",
    "tests/test_docs.py::test_every_command_and_each_of_its_options_is_documented",
    "tests/test_docs.py::test_scopes_are_documented",
    "tests/test_openapi.py",
    "tests/test_services_alone.py::test_an_unknown_service_stops_the_start",
    "tests/test_service_map.py",
    "tests/test_staff_pages.py::test_a_superuser_gets_what_is_expected_and_nothing_is_left_out",
    "tests/test_staff_pages.py::test_the_staff_without_permissions_sees_no_row",
    "tests/test_statement_budgets.py::test_every_reading_route_has_a_budget",
)
"""Tests of this project that list services, routes, scopes or pages."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    """A copy with two new services, each started by one command and added by one line."""
    copy = copy_of_this_project(tmp_path_factory.mktemp("startservice"))
    for command in (
        "startservice invoices --depends-on orders accounts",
        "startservice gift_cards --model Voucher",
    ):
        said = copy.run(f".venv/bin/python manage.py {command}")
        (line,) = re.findall(r'^    "[\w.]+",$', said, re.MULTILINE)
        copy.insert("config/settings.py", line, after=LAST)
    return copy


@pytest.mark.parametrize(
    "command",
    [
        "ruff format --check --diff apps/invoices apps/gift_cards",
        "ruff check apps/invoices apps/gift_cards",
        "mypy apps/invoices apps/gift_cards",
        "pytest -q apps/invoices apps/gift_cards",
    ],
)
def test_what_it_writes_passes(project: Directory, command: str) -> None:
    project.run(f".venv/bin/python -m {command}")


@pytest.mark.parametrize(
    "command",
    [
        "check --fail-level WARNING",
        "makemigrations --check --dry-run",
        "spectacular --validate --fail-on-warn --file /dev/null",
        "test apps.invoices apps.gift_cards",
    ],
)
def test_django_finds_nothing_wrong(project: Directory, command: str) -> None:
    project.run(f".venv/bin/python manage.py {command}")


def test_tests_that_list_services_take_in_new_ones(project: Directory) -> None:
    project.run("make --no-print-directory -o install-dev openapi services")
    access = [
        f"'tests/test_access.py::{test}[POST {route}/]'"
        for test in ("test_nobody", "test_each_scope_alone", "test_all_scopes_but_the_one")
        for route in ("invoices", "gift-cards")
    ]
    project.run(f".venv/bin/python -m pytest -q {' '.join([*LISTING, *access])}")


def test_what_it_writes(project: Directory) -> None:
    invoices = project.path / "apps" / "invoices"
    written = {str(each.relative_to(invoices)) for each in invoices.rglob("*.py")}
    shared = {
        *("__init__.py", "admin.py", "apps.py", "exceptions.py", "models.py", "operations.py"),
        *("hot_routes.py", "serializers.py", "urls.py", "views.py"),
        *("migrations/__init__.py", "migrations/0001_initial.py"),
        *("tests/__init__.py", "tests/test_admin.py", "tests/test_operations.py"),
        "tests/test_views.py",
    }
    assert written == shared | {"microservice_communication.py", "tests/test_communication.py"}
    vouchers = project.path / "apps" / "gift_cards"
    assert {str(each.relative_to(vouchers)) for each in vouchers.rglob("*.py")} == shared
    assert [each.name for each in invoices.parent.glob(".*")] == []


def test_its_crossings_are_read_from_the_models_of_others(project: Directory) -> None:
    text = (project.path / "apps/invoices/microservice_communication.py").read_text()
    assert 'Columns("orders.Order", id=int)' in text
    assert 'Columns("accounts.User", id=int)' in text
    assert "def existing_order_ids(*, ids: Collection[int]) -> set[int]:" in text


def test_a_broken_boundary_fails_the_check(project: Directory) -> None:
    views = project.path / "apps" / "gift_cards" / "views.py"
    text = views.read_text()
    views.write_text(f"from apps.orders.models import Order\n{text}")
    said = project.run(".venv/bin/python manage.py check", fails=True)
    views.write_text(text)
    assert "monoservices.E001" in said
    assert "gift_cards imports apps.orders.models.Order of orders" in said

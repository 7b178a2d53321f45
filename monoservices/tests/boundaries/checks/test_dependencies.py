import pytest

from monoservices.boundaries.rules import Violation
from monoservices.tests.boundaries.checks.conftest import Project, service

CATALOGUE = {
    "catalogue/apps.py": service("catalogue"),
    "catalogue/models.py": """
        from django.db import models

        class Item(models.Model):
            class Meta:
                app_label = "catalogue"
    """,
}
RELATION = """
    from django.db import models

    class Line(models.Model):
        item = models.ForeignKey("catalogue.Item", models.PROTECT, related_name="+")
"""
COMMUNICATION = "sales/microservice_communication.py"


def told(found: list[Violation]) -> list[tuple[str, str, str, str, int]]:
    return [(each.id, each.service, each.other, each.path, each.line) for each in found]


@pytest.mark.parametrize(
    "use",
    [
        {COMMUNICATION: "from catalogue.models import Item"},
        {COMMUNICATION: "import importlib; importlib.import_module('catalogue.models')"},
        {COMMUNICATION: "def f(): import catalogue"},
        {"sales/microservice_communication/items.py": "from catalogue import models"},
        {"sales/models.py": RELATION},
    ],
)
def test_a_dependency_that_is_declared_and_used(project: Project, use: dict[str, str]) -> None:
    files = CATALOGUE | {"sales/apps.py": service("sales", "catalogue")} | use
    assert project(files, "E002", "E003", "E004") == []


def test_a_dependency_that_is_not_declared(project: Project) -> None:
    source = "import typing\nfrom catalogue.models import Item\nimport catalogue.views"
    files = CATALOGUE | {"sales/apps.py": service("sales"), COMMUNICATION: source}
    [found] = project(files, "E002", "E003", "E004")
    assert told([found]) == [("E002", "sales", "catalogue", COMMUNICATION, 2)]
    assert found.what == "sales uses catalogue, but does not declare to depend on it."
    assert found.hint.startswith('Add "catalogue" to depends_on of SalesConfig')


def test_a_dependency_that_is_not_used(project: Project) -> None:
    files = CATALOGUE | {"sales/apps.py": service("sales", "catalogue")}
    files["sales/views.py"] = "from catalogue.models import Item"  # is another violation
    [found] = project(files, "E002", "E003", "E004")
    assert told([found]) == [("E003", "sales", "catalogue", "sales/apps.py", 7)]
    assert found.what == "sales declares to depend on catalogue, but does not use it."


def test_a_dependency_that_is_not_installed(project: Project) -> None:
    files = {"sales/apps.py": service("sales", "catalog"), **CATALOGUE, "sales/models.py": RELATION}
    assert [each[:3] for each in told(project(files, "E002", "E003", "E004"))] == [
        ("E003", "sales", "catalog"),
        ("E004", "sales", "catalog"),
    ]


def test_services_that_depend_on_each_other(project: Project) -> None:
    files = {}
    for label, other in (("ab", "bc"), ("bc", "cd"), ("cd", "bc"), ("de", "de")):
        files[f"{label}/apps.py"] = service(label, other)
        files[f"{label}/microservice_communication.py"] = f"import {other}"
    found = [each for each in project(files, "E002", "E003", "E004") if each.id == "E004"]
    assert [each.what for each in found] == [
        "bc depends on cd, which depends on bc: bc → cd → bc.",
        "cd depends on bc, which depends on cd: cd → bc → cd.",
        "de depends on de, which depends on de: de → de.",
    ]
    assert [(each.path, each.line) for each in found] == [
        ("bc/apps.py", 7),
        ("cd/apps.py", 7),
        ("de/apps.py", 7),
    ]

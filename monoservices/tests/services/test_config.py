from django.apps import apps

from monoservices.services.config import ServiceConfig, services
from monoservices.services.scopes import Scope
from monoservices.tests.boundaries.checks.conftest import Project, service


def test_the_installed_services(project: Project) -> None:
    files = {
        "sales/apps.py": service("sales", "stock"),
        "stock/apps.py": service("stock"),
        "plain/apps.py": "from django.apps import AppConfig\n"
        "class PlainConfig(AppConfig):\n"
        "    name = 'plain'\n",
    }
    project(files, "E001")
    assert [(each.label, each.depends_on) for each in services()] == [
        ("sales", ("stock",)),
        ("stock", ()),
    ]


def test_an_app_is_a_service_by_its_config() -> None:
    assert not isinstance(apps.get_app_config("monoservices"), ServiceConfig)


def test_what_a_service_has_without_saying_so(project: Project) -> None:
    project({"stock/apps.py": service("stock")}, "E001")
    stock = next(services())
    assert (stock.depends_on, stock.scopes, stock.large_bodies) == ((), (), {})
    assert not Scope("stock:read", "Read.").granted_by_default

"""`monoservices` alone: a wheel, installed into a project that knows nothing of this one."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from django.db import connection

from tests.__main__ import ROOT
from tests.starting.copies import Directory

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="a blank project has a database of its own"
)

MANAGE = ".venv/bin/python manage.py"
SERVICE = """
from monoservices.services.config import ServiceConfig


class {label}Config(ServiceConfig):
    name = "{name}"
    depends_on = {depends_on!r}
"""
ITEM = """
from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name
"""


def test_the_wheel_declares_what_it_imports_and_as_this_project_does() -> None:
    wheel = tomllib.loads((ROOT / "packaging/monoservices/pyproject.toml").read_text())["project"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = wheel["optional-dependencies"]
    required = [*wheel["dependencies"], *extras["api"], *extras["server"]]
    oldest = next(each for each in project["dependencies"] if each.startswith("Django>"))
    pinned = {oldest.partition(",")[0], *project["dependencies"]}
    assert wheel["dependencies"] == [oldest.partition(",")[0]]
    assert set(required) - {"monoservices[api]"} <= pinned
    assert wheel["requires-python"] == project["requires-python"]
    declared = {
        re.split(r"[\[><=;]", each)[0].strip().lower() for each in [*required, *extras["testing"]]
    } - {"monoservices"}
    known = packages_distributions()
    imported = {
        known[name][0].lower().replace("_", "-")
        for path in (ROOT / "monoservices").rglob("*.py")
        if "tests" not in path.relative_to(ROOT).parts
        for name in _imported(path)
        if name not in sys.stdlib_module_names and name != "monoservices"
    }
    # uritemplate comes with drf-spectacular, uvloop is Granian's to use.
    assert imported - {"uritemplate"} == declared - {"uvloop"}


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@pytest.fixture(scope="module")
def blank(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Directory:
    """A blank project with two ordinary apps, which sees the wheel."""
    path = tmp_path_factory.mktemp("blank")
    project = Directory(path, PYTHONPATH=str(site), PYTHONWARNINGS="error")
    project.run(".venv/bin/python -m django startproject shop .")
    for app in ("stock", "sales"):
        project.run(f"{MANAGE} startapp {app}")
        project.insert(
            "shop/settings.py", f"    '{app}',", after="    'django.contrib.staticfiles',"
        )
    (project.path / "stock" / "models.py").write_text(ITEM)
    (project.path / "sales" / "views.py").write_text("from stock.models import Item\n")
    project.run(f"{MANAGE} makemigrations")
    return project


def test_it_is_the_wheel_that_is_used(blank: Directory) -> None:
    where = blank.run(".venv/bin/python -c 'import monoservices; print(monoservices.__file__)'")
    site = Path(blank.environment["PYTHONPATH"])
    assert Path(where.strip()).is_relative_to(site)
    assert (site / "monoservices" / "py.typed").is_file()
    assert not (site / "monoservices" / "tests").exists()


def test_a_violation_fails_the_check_until_it_is_mended(blank: Directory) -> None:
    monoservices = "    'monoservices',"
    blank.insert("shop/settings.py", monoservices, after="    'django.contrib.staticfiles',")
    blank.run(f"{MANAGE} check")  # ordinary apps may do as they please

    stock = SERVICE.format(label="Stock", name="stock", depends_on=())
    sales = SERVICE.format(label="Sales", name="sales", depends_on=("stock",))
    (blank.path / "stock" / "apps.py").write_text(stock)
    (blank.path / "sales" / "apps.py").write_text(sales)
    said = blank.run(f"{MANAGE} check", fails=True)
    assert "(monoservices.E001) sales/views.py:1: sales imports stock.models.Item of stock." in said

    (blank.path / "sales" / "microservice_communication.py").write_text(
        "from monoservices.services.contracts import Columns\n"
        "from stock.models import Item\n\n"
        "RELIES_ON = (Columns('stock.Item', id=int, name=str),)\n\n\n"
        "def item_names(*, ids: list[int]) -> list[str]:\n"
        "    return list(Item.objects.filter(pk__in=ids).values_list('name', flat=True))\n"
    )
    (blank.path / "sales" / "views.py").write_text(
        "from sales.microservice_communication import item_names\n"
    )
    blank.run(f"{MANAGE} check")
    _start_services(blank)


def _start_services(blank: Directory) -> None:
    """Services of its own: what is printed is all that there is to do."""
    assert blank.run(f"{MANAGE} startservice catalogue --depends-on stock") == (
        "catalogue/ is there. Add this line to INSTALLED_APPS in shop/settings.py:\n\n"
        '    "catalogue",\n\n'
        "And this one, once, to shop/settings.py; with it, services speak JSON, and\n"
        "DEFAULT_AUTHENTICATION_CLASSES is to say who has which scopes:\n\n"
        "    from monoservices.api.defaults import REST_FRAMEWORK\n\n"
        "And these, once, to shop/urls.py:\n\n"
        "    from django.urls import include, path\n"
        "    from monoservices.services.serving import url_modules\n\n"
        '    urlpatterns += [path("api/v1/", include(urls)) for urls in url_modules()]\n'
    )
    blank.insert("shop/settings.py", '    "catalogue",', after="    'monoservices',")
    for name, text in {
        "settings": "from monoservices.api.defaults import REST_FRAMEWORK\n",
        "urls": "from django.urls import include, path\n"
        "from monoservices.services.serving import url_modules\n"
        'urlpatterns += [path("api/v1/", include(urls)) for urls in url_modules()]\n',
    }.items():
        with (blank.path / "shop" / f"{name}.py").open("a") as file:
            file.write(text)
    assert blank.run(f"{MANAGE} startservice visits --depends-on catalogue") == (
        'visits/ is there. Add this line to INSTALLED_APPS in shop/settings.py:\n\n    "visits",\n'
    )
    blank.insert("shop/settings.py", '    "visits",', after="    'monoservices',")
    blank.run(f"{MANAGE} check")
    blank.run(f"{MANAGE} makemigrations --check --dry-run")
    assert "Ran 24 tests" in blank.run(f"{MANAGE} test")

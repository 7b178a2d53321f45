"""The wheel with Django and nothing else, on the oldest and on the newest Django that it takes."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import asgiref
import django
import pytest
import sqlparse
from django.db import connection

from tests.__main__ import ROOT
from tests.starting.copies import Directory

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="these projects have databases of their own"
)

PYTHON = ".venv/bin/python"
MANAGE = f"{PYTHON} -W error manage.py"
OPTIONAL = (
    "drf_spectacular",
    "granian",
    "inflection",
    "msgspec",
    "prometheus_client",
    "psycopg",
    "rest_framework",
)

FILES = {
    "settings.py": """
SECRET_KEY = "for this test only"
INSTALLED_APPS = ["django.contrib.contenttypes", "monoservices", "stock", "sales"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "sales.urls"
""",
    "manage.py": """
import os, sys
from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
execute_from_command_line(sys.argv)
""",
    "stock/__init__.py": "",
    "stock/apps.py": """
from monoservices.services.config import ServiceConfig

class StockConfig(ServiceConfig):
    name = "stock"
""",
    "stock/models.py": """
from django.db import models

class Item(models.Model):
    name = models.CharField(max_length=100)
""",
    "sales/__init__.py": "",
    "sales/apps.py": """
from monoservices.services.config import ServiceConfig

class SalesConfig(ServiceConfig):
    name = "sales"
    depends_on = ("stock",)
""",
    "sales/microservice_communication.py": """
from monoservices.services.contracts import Columns
from stock.models import Item

RELIES_ON = (Columns("stock.Item", id=int, name=str),)

def item_names(*, ids: list[int]) -> list[str]:
    return list(Item.objects.filter(pk__in=ids).values_list("name", flat=True))
""",
    "sales/urls.py": "urlpatterns = []",
    "sales/tests.py": """
from django.test import TestCase
from sales.microservice_communication import item_names
from stock.models import Item

class CrossingTest(TestCase):
    def test_many_calls(self):
        item = Item.objects.create(name="Mug")
        with self.assertNoLogs():
            for _ in range(1_025):  # one more than metrics keep before they are added up
                assert item_names(ids=[item.pk]) == ["Mug"]
""",
}


@pytest.fixture(scope="module")
def oldest(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Directory:
    """A project with the Django of this installation, and the wheel."""
    path = tmp_path_factory.mktemp("oldest")
    venv = [sys.executable, "-m", "venv", "--without-pip", str(path / ".venv")]
    subprocess.run(venv, check=True)
    (packages,) = path.glob(".venv/lib/python*/site-packages")
    for needed in (django, asgiref, sqlparse):
        (packages / needed.__name__).symlink_to(needed.__path__[0])
    return _project(path, wheel, "--offline", "--no-deps")


@pytest.fixture(scope="module")
def newest(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Directory:
    """A project with the newest Django that an installed Python takes, and the wheel."""
    return _newest(tmp_path_factory.mktemp("newest"), wheel)


def _newest(path: Path, wheel: Path | str) -> Directory:
    """Skips if there is no newer Python than this one, or if Django cannot be downloaded."""
    python = next(_newer_pythons(), None)
    if python is None:
        pytest.skip("no newer Python is installed")
    subprocess.run([python, "-m", "venv", "--without-pip", str(path / ".venv")], check=True)
    try:
        _install(path, "Django")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"Django cannot be downloaded: {error.stderr}")
    return _project(path, wheel)


def _newer_pythons() -> Iterator[str]:
    """The executables of newer Pythons that run, the newest first."""
    for minor in range(sys.version_info.minor + 5, sys.version_info.minor, -1):
        if found := shutil.which(f"python3.{minor}"):
            asked = [found, "-c", "import sys; print(sys.executable)"]
            # Where pyenv manages Pythons, what is found starts the version that this names.
            chosen = {"PYENV_VERSION": f"3.{minor}"}
            done = subprocess.run(asked, env=chosen, stdout=subprocess.PIPE, text=True, check=False)
            if done.returncode == 0:
                yield done.stdout.strip()


def _install(path: Path, *what: Path | str) -> None:
    """Install into the project at this path. Raises CalledProcessError."""
    command = [sys.executable, "-m", "uv", "pip", "install", "--no-config", "--python", PYTHON]
    subprocess.run([*command, *what], cwd=path, capture_output=True, text=True, check=True)


def _project(path: Path, *what: Path | str) -> Directory:
    _install(path, *what)
    for name, text in FILES.items():
        file = path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return Directory(path)


@pytest.fixture(params=["oldest", "newest"])
def project(request: pytest.FixtureRequest) -> Directory:
    found: Directory = request.getfixturevalue(request.param)
    return found


def test_services_and_boundaries_need_nothing_else(project: Directory) -> None:
    found = f"print([name for name in {OPTIONAL} if find_spec(name)])"
    asked = quote(f"from importlib.util import find_spec; {found}")
    assert project.run(f"{PYTHON} -c {asked}") == "[]\n"
    project.run(f"{MANAGE} check --fail-level WARNING")
    project.run(f"{MANAGE} test")
    described = project.run(f"{MANAGE} services --format markdown")
    assert "item_names" in described
    assert "stock_item" in described


def test_a_violation_is_seen(project: Directory) -> None:
    (project.path / "sales" / "views.py").write_text("from stock.models import Item\n")
    said = project.run(f"{MANAGE} check", fails=True)
    (project.path / "sales" / "views.py").unlink()
    assert "(monoservices.E001) sales/views.py:1: sales imports stock.models.Item of stock." in said


def test_the_newest_is_newer(newest: Directory) -> None:
    major, minor = newest.run(f"{PYTHON} -m django --version").split(".")[:2]
    assert (int(major), int(minor)) > django.VERSION[:2]
    wheel = tomllib.loads((ROOT / "packaging/monoservices/pyproject.toml").read_text())["project"]
    assert f"Framework :: Django :: {major}.{minor}" in wheel["classifiers"]


def test_a_new_service_needs_the_extra_for_apis_alone(wheel: Path, tmp_path: Path) -> None:
    project = _newest(tmp_path, f"{wheel}[api]")
    project.run(f"{PYTHON} manage.py startservice visits --depends-on stock")
    with (tmp_path / "settings.py").open("a") as settings:
        settings.write("INSTALLED_APPS += ['visits']\n")
        settings.write("from monoservices.api.defaults import REST_FRAMEWORK\n")
    (tmp_path / "sales" / "urls.py").write_text(
        "from django.urls import include, path\n"
        "from monoservices.services.serving import url_modules\n"
        "urls = [each for each in url_modules() if each != __name__]\n"
        "urlpatterns = [path('api/v1/', include(each)) for each in urls]\n"
    )
    project.run(f"{PYTHON} manage.py check --fail-level WARNING")
    project.run(f"{PYTHON} manage.py makemigrations --check --dry-run visits")
    assert "Ran 11 tests" in project.run(f"{PYTHON} manage.py test")

"""`services` and `boundaries` need Django alone, and none of the apps that come with it."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import monoservices
from monoservices.tests.boundaries.checks.conftest import service

ROOT = Path(monoservices.__file__).parents[1]

SCRIPT = """
import sys
from importlib import import_module
from pkgutil import walk_packages

import django
from django.conf import settings
from django.core.management import call_command

settings.configure(
    INSTALLED_APPS=["monoservices", "shop.stock", "shop.sales"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    ROOT_URLCONF="shop.urls",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    BOUNDARY_GUARD=True,
    BOUNDARIES_BASELINE="shop/baseline.jsonl",
)
django.setup()
call_command("boundaries_baseline")
call_command("check", fail_level="WARNING")
call_command("services", format="json")
for wing in ("services", "boundaries"):
    package = import_module(f"monoservices.{wing}")
    for each in walk_packages(package.__path__, f"{package.__name__}."):
        import_module(each.name)

from shop.sales.microservice_communication import count_items
for _ in range(2000):  # more than may wait to be written, if crossings were observed
    assert count_items() == 7
assert "django.contrib.contenttypes.models" not in sys.modules
"""
FILES = {
    "stock/apps.py": service("stock", name="shop.stock"),
    "stock/models.py": """
from django.db import models

class Item(models.Model):
    name = models.TextField()
""",
    "stock/operations.py": "def count_items() -> int: return 7",
    "sales/apps.py": service("sales", "stock", name="shop.sales"),
    "sales/models.py": """
from django.db import models

class Line(models.Model):
    item = models.ForeignKey("stock.Item", models.CASCADE, related_name="+")
""",
    "sales/microservice_communication.py": """
from shop.stock.operations import count_items

__all__ = ["count_items"]
""",
    "urls.py": "urlpatterns = []",
}


def test_a_project_with_django_alone(tmp_path: Path) -> None:
    for name, text in FILES.items():
        file = tmp_path / "shop" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for name in ("asgiref", "django", "sqlparse"):
        [directory] = import_module(name).__path__
        (tmp_path / name).symlink_to(directory)
    process = subprocess.run(
        # -S leaves out site-packages.
        [sys.executable, "-S", "-W", "error", "-c", SCRIPT],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.stderr == ""
    baseline = (tmp_path / "shop" / "baseline.jsonl").read_text()
    assert '"id":"E007"' in baseline
    assert baseline.count("\n") == 1
    assert process.stdout.startswith(
        "Known violations: 1.\nSystem check identified no issues (0 silenced).\n"
    )

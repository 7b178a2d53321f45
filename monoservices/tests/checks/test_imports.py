import pytest

from monoservices.checks import imports
from monoservices.tests.checks.conftest import Project, service

CATALOGUE = {
    "catalogue/apps.py": service("catalogue"),
    "catalogue/models.py": "class Item: ...",
}


def sales(module: str, source: str, *depends_on: str) -> dict[str, str]:
    return CATALOGUE | {"sales/apps.py": service("sales", *depends_on), f"sales/{module}": source}


@pytest.mark.parametrize(
    "source",
    [
        "import sales.models",
        "from . import models",
        "from catalogues import models",
        "from django.db import models",
        "catalogue = 1; catalogue.models",
        "import importlib; importlib.import_module('sales.models')",
        "import importlib; importlib.import_module(f'{x}.models')",
        "import importlib; importlib.import_module('.models', 'sales')",
        "import importlib; importlib.import_module('......models', __package__)",
        "print('catalogue.models')",
    ],
)
def test_what_may_be_imported(project: Project, source: str) -> None:
    assert project(sales("views.py", source), imports.check) == []


@pytest.mark.parametrize(
    "source",
    [
        "import catalogue.models",
        "import catalogue.models as p",
        "import catalogue as p",
        "from catalogue import models",
        "from catalogue.models import Item as Thing",
        "from catalogue.models import *",
        "from ..catalogue import models",
        "def f(): from catalogue import models",
        "if TYPE_CHECKING: from catalogue import models",
        "try: from catalogue import models\nexcept ImportError: models = None",
        "import importlib; importlib.import_module('catalogue.models')",
        "import importlib as il; il.import_module('catalogue.models')",
        "from importlib import import_module as load; load('catalogue.models')",
        "import importlib; load = importlib.import_module; load('catalogue.models')",
        "import importlib; importlib.import_module('.models', 'catalogue')",
        "import importlib; importlib.import_module('.models', package='catalogue')",
        "import importlib; importlib.import_module('..catalogue', package=__package__)",
        "NAME = 'catalogue'; import importlib; importlib.import_module(NAME + '.models')",
        "NAME = 'catalogue'; import importlib; importlib.import_module(f'{NAME}.models')",
        "__import__('catalogue.models')",
        "import builtins; builtins.__import__('catalogue.models')",
        "import sys; sys.modules['catalogue.models']",
        "import sys; sys.modules.get('catalogue.models')",
        "from django.utils.module_loading import import_string; import_string('catalogue.x.A')",
        "import pkgutil; pkgutil.resolve_name('catalogue.models:Item')",
        "from django.urls import include; include('catalogue.urls')",
    ],
)
def test_what_may_not_be_imported(project: Project, source: str) -> None:
    files = {f"shop/{name}": text for name, text in sales("views.py", source).items()}
    files["shop/catalogue/apps.py"] = service("catalogue", name="shop.catalogue")
    files["shop/sales/apps.py"] = service("sales", name="shop.sales")
    if ".." not in source:
        files = sales("views.py", source)
    [found] = project(files, imports.check)
    assert (found.id, found.service, found.other) == ("E001", "sales", "catalogue")

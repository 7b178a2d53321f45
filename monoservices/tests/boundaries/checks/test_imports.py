import pytest

from monoservices.tests.boundaries.checks.conftest import Project, service

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
    assert project(sales("views.py", source), "E001") == []


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
    [found] = project(files, "E001")
    assert (found.id, found.service, found.other) == ("E001", "sales", "catalogue")


COMMUNICATION = "sales/microservice_communication.py"


def test_the_communication_module_imports_others(project: Project) -> None:
    for source in ("from catalogue.models import Item", "__import__('catalogue')"):
        files = sales("microservice_communication.py", source)
        assert project(files, "E001") == []


@pytest.mark.parametrize("module", ["tests/test_views.py", "tests.py", "conftest.py"])
@pytest.mark.parametrize(("depends_on", "found"), [(["catalogue"], []), ([], ["E001"])])
def test_tests_import_what_their_service_depends_on(
    project: Project, module: str, depends_on: list[str], found: list[str]
) -> None:
    files = sales(module, "from catalogue.models import Item", *depends_on)
    assert [each.id for each in project(files, "E001")] == found


def test_a_migration_is_not_free(project: Project) -> None:
    files = sales("migrations/0001_initial.py", "import catalogue.models")
    assert [each.id for each in project(files, "E001")] == ["E001"]


@pytest.mark.parametrize(
    "source",
    [
        "from sales.microservice_communication import Item",
        "from . import microservice_communication as theirs; theirs.Item",
        "import sales.microservice_communication; sales.microservice_communication.Item",
    ],
)
@pytest.mark.parametrize(("handed_out", "found"), [(["f"], ["E001"]), (["f", "Item"], [])])
def test_what_the_communication_module_does_not_hand_out(
    project: Project, source: str, handed_out: list[str], found: list[str]
) -> None:
    """What it does hand out is the matter of E014."""
    files = sales("views.py", source)
    files[COMMUNICATION] = f"from catalogue.models import Item\n__all__ = {handed_out}"
    assert [each.id for each in project(files, "E001")] == found


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import shop\n\nshop.catalogue.models.Item", [3]),
        ("import shop.sales.models\nshop.catalogue.models.Item", [2]),
        ("import shop.catalogue.models\nshop.catalogue.models.Item", [1]),
        ("import shop\nshop.sales.models", []),
    ],
)
def test_a_way_through_packages(project: Project, source: str, lines: list[int]) -> None:
    files = {
        "shop/catalogue/apps.py": service("catalogue", name="shop.catalogue"),
        "shop/sales/apps.py": service("sales", name="shop.sales"),
        "shop/sales/views.py": source,
    }
    assert [each.line for each in project(files, "E001")] == lines


def test_a_service_within_a_service(project: Project) -> None:
    """Its modules are its own, and not those of the one around it."""
    files = {
        "sales/apps.py": service("sales"),
        "sales/returns/apps.py": service("returns", name="sales.returns"),
        "sales/returns/views.py": "import sales.returns.models, sales.models",
        "sales/views.py": "from .returns import models",
    }
    found = project(files, "E001")
    assert [(each.service, each.other, each.path) for each in found] == [
        ("returns", "sales", "sales/returns/views.py"),
        ("sales", "returns", "sales/views.py"),
    ]


def test_a_file_that_is_not_python(project: Project) -> None:
    assert project(sales("notes.py", "import catalogue.models\n:"), "E001") == []

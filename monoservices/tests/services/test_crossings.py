import sys
from collections.abc import Iterator
from functools import wraps
from importlib import import_module
from types import ModuleType

import pytest
from django.apps import apps

from monoservices.services.config import ServiceConfig
from monoservices.services.crossings import communication_module, crossings, public_functions
from monoservices.services.ownership import COMMUNICATION
from monoservices.tests.boundaries.checks.conftest import Project, service

HOME = f"sales.{COMMUNICATION}"


def _service(label: str) -> ServiceConfig:
    found = apps.get_app_config(label)
    assert isinstance(found, ServiceConfig)
    return found


@pytest.fixture
def sales(project: Project) -> ServiceConfig:
    """A service that depends on two others, all of them installed for one test."""
    files = {
        "people/apps.py": service("people"),
        "people/keys.py": "CHALLENGE = 'Bearer'",
        "people/models.py": "class Client: objects = []",
        "stock/apps.py": service("stock"),
        "stock/models.py": "class Product: objects = []",
        "stock/operations.py": "class StockMove: ...\ndef move_stock(*, moves: list[int]): ...",
        "sales/apps.py": service("sales", "stock", "people"),
        "sales/operations.py": "def create_order(): ...",
    }
    project(files, lambda services: iter(()))
    return _service("sales")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """An empty communication module in the place of the one of sales."""
    module = ModuleType(HOME)
    monkeypatch.setitem(sys.modules, HOME, module)
    with monkeypatch.context() as patch:
        patch.setattr("monoservices.services.crossings.find_spec", lambda _name: True)
        yield module


def _reached(module: ModuleType, source: str, service: ServiceConfig) -> dict[str, tuple[str, ...]]:
    exec(source, vars(module))  # noqa: S102 - the sources stand below
    return {each.function: each.callees for each in crossings(service)}


def test_a_service_without_a_communication_module_crosses_nothing(sales: ServiceConfig) -> None:
    assert communication_module(_service("stock")) is None
    assert crossings(_service("stock")) == ()


def test_without_all_the_functions_of_its_own_are_public(
    sales: ServiceConfig, written: ModuleType
) -> None:
    source = """
from stock.operations import move_stock
from stock.models import Product
PRODUCT = Product
def names(): return Product.objects.all()
def _hidden(): return Product.objects.all()
"""
    assert _reached(written, source, sales) == {"names": ("stock",)}


def test_with_all_a_function_of_another_service_is_a_crossing(
    sales: ServiceConfig, written: ModuleType
) -> None:
    source = """
from stock.operations import StockMove, move_stock as move
from people.keys import CHALLENGE
from sales.operations import create_order
__all__ = ["CHALLENGE", "StockMove", "create_order", "move", "own"]
def own(): return 1
def other(): return StockMove
"""
    assert _reached(written, source, sales) == {
        "create_order": (),
        "move": ("stock",),
        "own": (),
    }


def test_what_a_function_uses_is_followed(sales: ServiceConfig, written: ModuleType) -> None:
    source = """
import stock.models
from people import models as people
from stock.models import Product
def through_a_helper(): return _helper()
def _helper(): return _helper() or [each for each in Product.objects.all()]
def nested():
    def inner(): return lambda: Product
    return inner
def dotted(): return stock.models.Product
def both(): return stock.models.Product, people.Client
def lazily():
    from people.models import Client
def from_the_package():
    import people
async def later(): return Product
def one_by_one(): yield Product
def words(): return "stock.models"
"""
    assert _reached(written, source, sales) == {
        "both": ("people", "stock"),
        "dotted": ("stock",),
        "from_the_package": ("people",),
        "later": ("stock",),
        "lazily": ("people",),
        "nested": ("stock",),
        "one_by_one": ("stock",),
        "through_a_helper": ("stock",),
        "words": (),
    }


def test_what_wraps_a_function_does_not_hide_it(sales: ServiceConfig, written: ModuleType) -> None:
    move = import_module("stock.operations").move_stock

    @wraps(move)
    def counted(*args: object, **kwargs: object) -> None:
        move(*args, **kwargs)

    vars(written).update(move=counted, __all__=["move"])
    (found,) = crossings(sales)
    assert (found.function, found.callees) == ("move", ("stock",))
    assert found.signature.startswith("(*, moves: ")
    assert public_functions(written)["move"] is vars(written)["move"]

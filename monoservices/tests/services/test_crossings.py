from functools import wraps
from importlib import import_module

from django.apps import apps

from monoservices.services.config import ServiceConfig
from monoservices.services.crossings import communication_module, crossings, public_functions
from monoservices.services.ownership import COMMUNICATION
from monoservices.tests.boundaries.checks.conftest import Project, service

HOME = f"sales.{COMMUNICATION}"
FILES = {
    "people/apps.py": service("people"),
    "people/keys.py": "CHALLENGE = 'Bearer'",
    "people/models.py": "class Client: objects = []",
    "stock/apps.py": service("stock"),
    "stock/models.py": "class Product: objects = []",
    "stock/operations.py": "class StockMove: ...\ndef move_stock(*, moves: list[int]): ...",
    "sales/apps.py": service("sales", "stock", "people"),
    "sales/operations.py": "def create_order(): ...",
}


def _service(label: str) -> ServiceConfig:
    found = apps.get_app_config(label)
    assert isinstance(found, ServiceConfig)
    return found


def _reached(project: Project, source: str) -> dict[str, tuple[str, ...]]:
    """What each crossing of sales reaches, with this source of its communication module."""
    project(FILES | {f"sales/{COMMUNICATION}.py": source}, "E001")
    return {each.function: each.callees for each in crossings(_service("sales"))}


def test_a_service_without_a_communication_module_crosses_nothing(project: Project) -> None:
    project(FILES, "E001")
    assert communication_module(_service("stock")) is None
    assert crossings(_service("stock")) == ()


def test_without_all_the_functions_of_its_own_are_public(project: Project) -> None:
    source = """
from stock.operations import move_stock
from stock.models import Product
PRODUCT = Product
def names(): return Product.objects.all()
def _hidden(): return Product.objects.all()
"""
    assert _reached(project, source) == {"names": ("stock",)}


def test_with_all_a_function_of_another_service_is_a_crossing(project: Project) -> None:
    source = """
from stock.operations import StockMove, move_stock as move
from people.keys import CHALLENGE
from sales.operations import create_order
__all__ = ["CHALLENGE", "StockMove", "create_order", "move", "own"]
def own(): return 1
def other(): return StockMove
"""
    assert _reached(project, source) == {
        "create_order": (),
        "move": ("stock",),
        "own": (),
    }


def test_what_a_function_uses_is_followed(project: Project) -> None:
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
KEPT = [Product.objects]
def through_a_constant(): return KEPT
def through_another():
    return through_a_constant() or people
def shadowed(people, *, Product): return people, Product.objects
def assigned():
    stock = Product = 1
    return stock, Product
def annotated(product: Product) -> Product: return 1
async def steps(): yield Product
"""
    assert _reached(project, source) == {
        "annotated": (),
        "assigned": (),
        "both": ("people", "stock"),
        "dotted": ("stock",),
        "from_the_package": ("people",),
        "later": ("stock",),
        "lazily": ("people",),
        "nested": ("stock",),
        "one_by_one": ("stock",),
        "shadowed": (),
        "steps": ("stock",),
        "through_a_constant": ("stock",),
        "through_a_helper": ("stock",),
        "through_another": ("people", "stock"),
        "words": (),
    }


def test_a_package_is_followed_from_module_to_module(project: Project) -> None:
    files = {
        f"sales/{COMMUNICATION}/__init__.py": f"from {HOME}.items import names\n"
        "__all__ = ['names']",
        f"sales/{COMMUNICATION}/items.py": "from stock.models import Product\n"
        "def names(): return Product",
    }
    project(FILES | files, "E001")
    [found] = crossings(_service("sales"))
    assert (found.function, found.callees) == ("names", ("stock",))


def test_what_wraps_a_function_does_not_hide_it(project: Project) -> None:
    project(FILES | {f"sales/{COMMUNICATION}.py": ""}, "E001")
    move, home = import_module("stock.operations").move_stock, import_module(HOME)

    @wraps(move)
    def counted(*args: object, **kwargs: object) -> None:
        move(*args, **kwargs)

    vars(home).update(move=counted, __all__=["move"])
    (found,) = crossings(_service("sales"))
    assert (found.function, found.callees) == ("move", ("stock",))
    assert found.signature.startswith("(*, moves: ")
    assert public_functions(home)["move"] is vars(home)["move"]

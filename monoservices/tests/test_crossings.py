import sys
from collections.abc import Iterator
from functools import wraps
from importlib import import_module
from types import ModuleType

import pytest
from django.apps import apps

from monoservices.apps import ServiceConfig
from monoservices.boundaries import COMMUNICATION
from monoservices.crossings import Crossing, communication_module, crossings, public_functions

HOME = f"apps.orders.{COMMUNICATION}"


def _service(label: str) -> ServiceConfig:
    service = apps.get_app_config(label)
    assert isinstance(service, ServiceConfig)
    return service


@pytest.fixture
def orders() -> ServiceConfig:
    return _service("orders")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """An empty communication module in the place of the one of orders."""
    module = ModuleType(HOME)
    monkeypatch.setitem(sys.modules, HOME, module)
    with monkeypatch.context() as patch:
        patch.setattr("monoservices.crossings.find_spec", lambda _name: True)
        yield module


def _reached(module: ModuleType, source: str, service: ServiceConfig) -> dict[str, tuple[str, ...]]:
    exec(source, vars(module))  # noqa: S102 - the sources stand below
    return {each.function: each.callees for each in crossings(service)}


def test_the_crossings_of_orders(orders: ServiceConfig) -> None:
    found = crossings(orders)
    products, accounts = ("products",), ("accounts",)
    assert {each.function: each.callees for each in found} == {
        "audit_stock": products,
        "bearer_digest": accounts,
        "client_id_for": accounts,
        "correct_ledger": products,
        "correct_reference": products,
        "create_demo_products": products,
        "existing_client_ids": accounts,
        "find_callers": accounts,
        "get_product_by_id": products,
        "get_products_by_name": products,
        "get_products_named": products,
        "read_products": products,
        "references_with": products,
        "sum_movements": products,
        "take_stock": products,
    }
    assert list(found) == sorted(found)
    assert Crossing("orders", "client_id_for", accounts, "(*, built_in: str) -> int") in found


def test_a_service_without_a_communication_module_crosses_nothing() -> None:
    assert communication_module(_service("products")) is None
    assert crossings(_service("products")) == ()


def test_without_all_the_functions_of_its_own_are_public(
    orders: ServiceConfig, written: ModuleType
) -> None:
    source = """
from apps.products.operations import move_stock
from apps.products.models import Product
PRODUCT = Product
def names(): return Product.objects.all()
def _hidden(): return Product.objects.all()
"""
    assert _reached(written, source, orders) == {"names": ("products",)}


def test_with_all_a_function_of_another_service_is_a_crossing(
    orders: ServiceConfig, written: ModuleType
) -> None:
    source = """
from apps.products.operations import StockMove, move_stock as move
from apps.accounts.keys import CHALLENGE
from apps.orders.operations import create_order
__all__ = ["CHALLENGE", "StockMove", "create_order", "move", "own"]
def own(): return 1
def other(): return StockMove
"""
    assert _reached(written, source, orders) == {
        "create_order": (),
        "move": ("products",),
        "own": (),
    }


def test_what_a_function_uses_is_followed(orders: ServiceConfig, written: ModuleType) -> None:
    source = """
import apps.products.models
from apps.accounts import models as people
from apps.products.models import Product
def through_a_helper(): return _helper()
def _helper(): return _helper() or [each for each in Product.objects.all()]
def nested():
    def inner(): return lambda: Product
    return inner
def dotted(): return apps.products.models.Product
def both(): return apps.products.models.Product, people.Client
def lazily():
    from apps.accounts.models import Client
def from_the_package():
    from apps import accounts
async def later(): return Product
def one_by_one(): yield Product
def words(): return "apps.products.models"
"""
    assert _reached(written, source, orders) == {
        "both": ("accounts", "products"),
        "dotted": ("products",),
        "from_the_package": ("accounts",),
        "later": ("products",),
        "lazily": ("accounts",),
        "nested": ("products",),
        "one_by_one": ("products",),
        "through_a_helper": ("products",),
        "words": (),
    }


def test_what_wraps_a_function_does_not_hide_it(orders: ServiceConfig, written: ModuleType) -> None:
    move = import_module("apps.products.operations").move_stock

    @wraps(move)
    def counted(*args: object, **kwargs: object) -> None:
        move(*args, **kwargs)

    vars(written).update(move=counted, __all__=["move"])
    (found,) = crossings(orders)
    assert (found.function, found.callees) == ("move", ("products",))
    assert found.signature.startswith("(*, moves: ")
    assert public_functions(written)["move"] is vars(written)["move"]

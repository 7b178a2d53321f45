"""Every kind of crossing is counted automatically, each call once."""

import asyncio
import inspect
import sys
from importlib import import_module, reload
from pathlib import Path
from typing import Any

import pytest

from apps.orders.placing import attempt, place
from monoservices.metrics.importing import CrossingsFinder, CrossingsLoader
from monoservices.services.ownership import COMMUNICATION
from monoservices.tests.boundaries.checks.conftest import Project, project, service
from monoservices.tests.metrics.reading import Samples, growth, samples

__all__ = ["project"]

COUNT = "monoservices_crossing_seconds_count"
HOME = f"apps.orders.{COMMUNICATION}"
SOURCE = """
from products.models import Product
from accounts.models import Client

__all__ = ["both", "fails", "later", "nothing", "outer", "plain", "steps", "steps_later"]

def plain(*, number: int = 1) -> int:
    "Doubles."
    return _hidden(number)
def _hidden(number): Product; return number * 2
def outer(): return [plain(number=n) for n in range(3)]
def both(): return (Product, Client)
def nothing(): return 1
def fails(): raise ValueError(Product)
async def later(): return plain()
def steps():
    Product
    got = yield 1
    try: yield got
    except KeyError: yield "caught"
    return "end"
async def steps_later():
    Product
    yield 1
    yield 2
"""


@pytest.fixture
def written(project: Project) -> Any:
    """The communication module of a project of its own, counted since its import."""
    files = {
        "accounts/apps.py": service("accounts"),
        "accounts/models.py": "class Client: ...",
        "products/apps.py": service("products"),
        "products/models.py": "class Product: ...",
        "orders/apps.py": service("orders", "products", "accounts"),
        f"orders/{COMMUNICATION}.py": SOURCE,
    }
    project(files, "E001")
    return import_module(f"orders.{COMMUNICATION}")


@pytest.fixture
def before(written: Any) -> Samples:
    return samples()


def test_a_call_is_counted_by_caller_callee_and_function(written: Any, before: Samples) -> None:
    assert written.plain(number=4) == 8
    assert written.plain() == 2
    assert len(written.both()) == 2
    assert growth(before, COUNT) == {
        "products, orders, plain": 2,
        "accounts+products, orders, both": 1,
    }


def test_a_call_within_a_crossing_is_a_part_of_it(written: Any, before: Samples) -> None:
    assert written.outer() == [0, 2, 4]
    assert growth(before, COUNT) == {"products, orders, outer": 1}


def test_a_call_that_raises_is_counted(written: Any, before: Samples) -> None:
    with pytest.raises(ValueError, match="Product"):
        written.fails()
    assert growth(before, COUNT) == {"products, orders, fails": 1}


def test_what_reaches_no_other_service_is_no_crossing(written: Any, before: Samples) -> None:
    assert written.nothing() == 1
    assert growth(before, COUNT) == {}


def test_asynchronous_functions_stay_as_they_are(written: Any, before: Samples) -> None:
    for function in (written.later, written.steps_later):
        assert not hasattr(function, "__wrapped__")
    assert asyncio.run(written.later()) == 2
    assert growth(before, COUNT) == {}


def test_a_generator_is_one_call_and_works_like_one(written: Any, before: Samples) -> None:
    assert inspect.isgeneratorfunction(written.steps)

    steps = written.steps()
    assert (next(steps), steps.send("sent"), steps.throw(KeyError())) == (1, "sent", "caught")
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == "end"
    assert growth(before, COUNT) == {"products, orders, steps": 1}
    left = written.steps()
    next(left)
    left.close()
    assert growth(before, COUNT) == {"products, orders, steps": 2}


def test_a_counted_function_looks_like_itself(written: Any) -> None:
    assert str(inspect.signature(written.plain)) == "(*, number: int = 1) -> int"
    assert (written.plain.__name__, written.plain.__doc__) == ("plain", "Doubles.")
    assert written.plain.__wrapped__.__globals__ is vars(written)


def test_whoever_imports_from_a_communication_module_binds_what_counts() -> None:
    module = import_module(HOME)
    assert isinstance(module.__loader__, CrossingsLoader)
    take_stock = vars(attempt)["take_stock"]
    assert take_stock is module.take_stock
    assert take_stock.__wrapped__.__module__ == HOME
    counted = vars(place)["get_products_named"]
    assert counted is module.get_products_named
    assert inspect.getsource(counted).startswith("def get_products_named(")


def test_other_modules_are_none_of_its_business() -> None:
    [finder] = [each for each in sys.meta_path if isinstance(each, CrossingsFinder)]
    orders, products = ([str(Path(f"apps/{name}"))] for name in ("orders", "products"))
    assert finder.find_spec("apps.orders.views", orders) is None
    assert finder.find_spec(COMMUNICATION, None) is None
    assert finder.find_spec(f"apps.products.{COMMUNICATION}", products) is None
    assert finder.find_spec(HOME, orders) is not None


def test_a_module_of_no_service_works_uncounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "no_service"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / f"{COMMUNICATION}.py").write_text(
        "from apps.products.models import Product\ndef ask(): return Product\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    name = f"no_service.{COMMUNICATION}"
    try:
        module = import_module(name)
        before = samples()
        assert module.ask().__name__ == "Product"
        assert growth(before, COUNT) == {}
        assert reload(module).ask.__wrapped__.__name__ == "ask"  # wrapped once, not twice
        assert not hasattr(module.ask.__wrapped__, "__wrapped__")
    finally:
        for each in (name, "no_service"):
            sys.modules.pop(each, None)

"""Exchanging a communication module for its fake, in a service of two modules that is made here."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from monoservices.testing.fakes import UnlikeReal, differences_between, faked, public_names

REAL = """
from decimal import Decimal
LIMIT = 7

class Thing: ...

def get(*, ids: list[int]) -> list[Thing]:
    return ["real", *ids]

def price(thing: Thing) -> Decimal:
    return Decimal(1)

def _private() -> None: ...

__all__ = ["LIMIT", "Thing", "get", "price"]
"""
FAKE = """
from decimal import Decimal
from shop.microservice_communication import LIMIT, Thing, price

def get(*, ids: list[int]) -> list[Thing]:
    return ["fake", *ids]
"""
VIEWS = """
from shop.microservice_communication import get as fetch

def show() -> list[object]:
    return fetch(ids=[1])
"""
OTHER_SIGNATURE = (
    "shop.tests.fake_communication.get is not a function "
    "get(*, ids: list[int]) -> list[shop.microservice_communication.Thing]."
)
OTHER_LIMIT = (
    "shop.tests.fake_communication.LIMIT is not the one of shop.microservice_communication."
)


def load(name: str, source: str) -> Any:
    module = ModuleType(name)
    sys.modules[name] = module
    exec(source, module.__dict__)  # noqa: S102 - of this file
    return module


@pytest.fixture
def real() -> Iterator[Any]:
    yield load("shop.microservice_communication", REAL)
    for name in [name for name in sys.modules if name.startswith("shop")]:
        del sys.modules[name]


def fake(source: str = FAKE) -> Any:
    return load("shop.tests.fake_communication", source)


def test_the_fake_is_wherever_the_service_imported_the_real_one(real: Any) -> None:
    views, other = load("shop.views", VIEWS), load("shopping.views", VIEWS)
    pretended = fake()
    with faked(real, pretended):
        assert (views.show(), real.get(ids=[]), other.show()) == (
            ["fake", 1],
            ["fake"],
            ["real", 1],
        )
        late = load("shop.late", VIEWS)
        assert late.show() == ["fake", 1]
    assert [each.show() for each in (views, late, other)] == [["real", 1]] * 3
    assert (real.get(ids=[]), pretended.get(ids=[])) == (["real"], ["fake"])


def test_it_is_undone_after_an_error(real: Any) -> None:
    views = load("shop.views", VIEWS)
    with pytest.raises(ValueError, match="x"), faked(real, fake()):
        raise ValueError("x")
    assert views.show() == ["real", 1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("def get(", "def fetch("), "shop.tests.fake_communication has no get."),
        (
            ("ids: list[int]", "ids: list[str]"),
            OTHER_SIGNATURE,
        ),
        (
            ("*, ids: list[int]", "*, ids: list[int] = ()"),
            OTHER_SIGNATURE,
        ),
        (
            ("import LIMIT, Thing, price", "import Thing, price\nLIMIT = 8"),
            OTHER_LIMIT,
        ),
    ],
)
def test_a_fake_that_differs_is_refused(real: Any, change: tuple[str, str], told: str) -> None:
    views, pretended = load("shop.views", VIEWS), fake(FAKE.replace(*change))
    assert [*differences_between(real, pretended)] == [told]
    with pytest.raises(UnlikeReal) as refusal, faked(real, pretended):
        pass
    assert refusal.value.differences == [told]
    assert views.show() == ["real", 1]


def test_public_names(real: Any) -> None:
    assert public_names(real) == ["LIMIT", "Thing", "get", "price"]
    without = load("shop.without", REAL.replace("__all__", "everything"))
    assert public_names(without) == ["Thing", "get", "price"]  # a constant is of no module

import pytest

from monoservices.tests.boundaries.checks.conftest import Project, service

MODULE = "sales/microservice_communication.py"
FILES = {
    "catalogue/apps.py": service("catalogue"),
    "catalogue/models.py": """
        from django.db import models

        class ItemQuerySet(models.QuerySet): ...

        class Item(models.Model):
            objects = ItemQuerySet.as_manager()
    """,
    "catalogue/operations.py": """
        from catalogue.models import Item

        def make() -> Item: ...
        def count() -> int: ...
    """,
    "sales/apps.py": service("sales", "catalogue"),
    "sales/models.py": "from django.db import models\n\nclass Order(models.Model): ...",
}
START = """
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NewType, Optional, TypeVar, Union
from django.db import models
from django.db.models import Manager, Model, QuerySet
from msgspec import Struct
from catalogue import models as theirs
from catalogue.models import Item, ItemQuerySet
from sales.models import Order
if TYPE_CHECKING:
    from catalogue.models import Item as Hidden

T = TypeVar("T", bound=Item)
Special = NewType("Special", Item)

class Snapshot(Struct, frozen=True):
    id: int
    data: Any = None

@dataclass(frozen=True)
class Leaky:
    items: "list[Item]"

def _ask():
    return Item
"""
LINE = START.count("\n") + 1


def told(project: Project, source: str, start: str = START) -> list[tuple[str, str, str, int]]:
    """What is found, where the module hands out `f`."""
    public = f"{start}__all__ = ['f']\n"
    found = project(FILES | {MODULE: public + source}, "E014")
    return [(each.id, each.service, each.other, each.line) for each in found]


@pytest.mark.parametrize(
    "annotation",
    [
        *("None", "int", "list[int]", "Snapshot", "list[Snapshot]", "dict[str, Any]"),
        *("Snapshot | None", "Optional['Snapshot']", "'list[Snapshot]'", "Order"),
    ],
)
def test_what_may_cross(project: Project, annotation: str) -> None:
    assert told(project, f"def f() -> {annotation}: return _ask()") == []


@pytest.mark.parametrize(
    "annotation",
    [
        *("Item", "'Item'", "theirs.Item", "Item | None", "Optional[Item]", "Union[int, Item]"),
        *("list[Item]", "'list[Item]'", "list['Item']", "Sequence[Item]", "dict[int, Item]"),
        *("Iterator[Item]", "tuple[Item, ...]", "type[Item]", "Callable[[Item], int]"),
        *("Annotated[Item, 1]", "T", "Special", "Leaky", "list[Leaky]", "'Hidden'"),
        *("QuerySet", "QuerySet[Item]", "'models.QuerySet[Item]'", "ItemQuerySet", "Manager"),
        *("models.Manager[Item]", "Model", "Any", "object", "list[Any]", "'Undefined'"),
    ],
)
def test_what_may_not_cross(project: Project, annotation: str) -> None:
    found = told(project, f"def f() -> {annotation}: return _ask()")
    assert found == [("E014", "sales", "catalogue", LINE + 1)]


def test_a_crossing_without_annotation(project: Project) -> None:
    assert told(project, "def f(): return _ask()") == [("E014", "sales", "catalogue", LINE + 1)]


def test_a_function_that_all_leaves_out(project: Project) -> None:
    source = "def f() -> int: return 1\ndef g() -> Item: return _ask()\ndef _h() -> Item: ..."
    assert told(project, source) == [("E014", "sales", "catalogue", LINE + 2)]


def test_a_coroutine_and_a_decorated_function(project: Project) -> None:
    start = START + "from functools import cache, wraps\n"
    source = "async def f() -> Item: return _ask()"
    assert told(project, source, start) == [("E014", "sales", "catalogue", LINE + 2)]


@pytest.mark.parametrize(
    ("imports", "expected"),
    [("make as f", [("E014", "sales", "catalogue", LINE + 1)]), ("count as f", [])],
)
def test_a_function_that_is_handed_on(
    project: Project, imports: str, expected: list[tuple[str, str, str, int]]
) -> None:
    assert told(project, f"from catalogue.operations import {imports}") == expected


@pytest.mark.parametrize(
    "source", ["f = Item", "f = Item.objects", "f = Item.objects.all()", "f = Item()", "g = Item"]
)
def test_a_value_of_the_module(project: Project, source: str) -> None:
    assert told(project, source) == [("E014", "sales", "catalogue", LINE + 1)]


def test_the_message_names_both_services(project: Project) -> None:
    source = f"{START}__all__ = ['f']\ndef f() -> list[Item]: return _ask()"
    [found] = project(FILES | {MODULE: source}, "E014")
    assert (found.path, found.what) == (MODULE, "f of sales asks catalogue, and returns Item.")

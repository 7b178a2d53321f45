from typing import Any

import pytest

from monoservices.services.contracts import Columns
from monoservices.tests.boundaries.checks.conftest import Project, service

FILES = {
    "catalogue/apps.py": service("catalogue"),
    "catalogue/models.py": """
        from django.db import models

        class Binary(models.Field): ...

        class ItemQuerySet(models.QuerySet): ...

        class Item(models.Model):
            sku = models.SlugField(unique=True)
            price = models.DecimalField(max_digits=5, decimal_places=2)
            weight = models.FloatField(null=True)
            note = models.TextField(null=True)
            made_at = models.DateTimeField()
            made_on = models.DateField()
            made_in = models.DurationField()
            code = models.UUIDField()
            is_new = models.BooleanField()
            size = models.PositiveSmallIntegerField()
            extra = models.JSONField()
            picture = models.ImageField()
            odd = Binary()
            maker = models.ForeignKey("Maker", models.PROTECT)
            origin = models.ForeignKey("Maker", models.PROTECT, null=True, related_name="+")

            objects = ItemQuerySet.as_manager()

        class Maker(models.Model):
            name = models.CharField(max_length=9, primary_key=True)
    """,
    "billing/apps.py": service("billing"),
    "billing/models.py": """
        from django.db import models

        class Bill(models.Model): ...
    """,
    "sales/apps.py": service("sales", "catalogue"),
    "sales/models.py": """
        from django.db import models

        class Order(models.Model):
            item = models.ForeignKey("catalogue.Item", models.PROTECT, related_name="+")
    """,
}
IMPORTS = """
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Optional
from uuid import UUID
from django.db.models import *
from catalogue.models import Item, ItemQuerySet, Maker
from monoservices.services.contracts import Columns
from sales.models import Order

"""
LINE = IMPORTS.count("\n") + 1


def communication(source: str) -> dict[str, str]:
    return FILES | {"sales/microservice_communication.py": IMPORTS + source}


def relying(statement: str) -> dict[str, str]:
    return communication(f'RELIES_ON = (Columns("catalogue.Item", {statement}),)')


@pytest.mark.parametrize(
    "source",
    [
        "",
        "RELIES_ON = ()",
        "RELIES_ON = [Columns('catalogue.Item', id=int)]",
        "RELIES_ON: tuple[Columns, ...] = (Columns('catalogue.item'),)",
        "RELIES_ON = (Columns('catalogue.Item', id=int), Columns('catalogue.Maker', name=str))",
    ],
)
def test_contracts_that_hold(project: Project, source: str) -> None:
    assert project(communication(source), "E015", "E016") == []


@pytest.mark.parametrize(
    "statement",
    [
        "id=int, sku=str, price=Decimal, weight=float | None, note=Optional[str], code=UUID",
        "made_at=datetime, made_on=date, made_in=timedelta, is_new=bool, size=int, extra=object",
        "maker=str, maker_id=str, origin_id=str | None, picture=str, odd=bytes",
    ],
)
def test_types_of_columns(project: Project, statement: str) -> None:
    assert project(relying(statement), "E015", "E016") == []


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("name=str", "name, and catalogue has no such column."),
        ("pk2=int", "pk2, and catalogue has no such column."),
        ("order=int", "order, and catalogue has no such column."),
        ("price=float", "price, and in catalogue it is Decimal, not float."),
        ("size=str", "size, and in catalogue it is int, not str."),
        ("made_at=date", "made_at, and in catalogue it is datetime, not date."),
        ("maker_id=int", "maker_id, and in catalogue it is str, not int."),
        ("note=str", "note, and in catalogue it is str | None, not str."),
        ("sku=str | None", "sku, and in catalogue it is str, not str | None."),
        ("odd=str | None", "odd, and in catalogue it is never NULL, not str | None."),
    ],
)
def test_contracts_that_are_broken(project: Project, statement: str, what: str) -> None:
    [found] = project(relying(f"id=int,\n    {statement}"), "E015", "E016")
    assert (found.id, found.service, found.other) == ("E015", "sales", "catalogue")
    assert (found.path, found.line) == ("sales/microservice_communication.py", LINE + 1)
    assert found.what == f"sales relies on catalogue.Item.{what}"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("RELIES_ON = 'catalogue.Item'", "'catalogue.Item' is not a tuple of Columns."),
        ("RELIES_ON = (1,)", "1 is not made by Columns."),
        ("RELIES_ON = (Columns(Item),)", "does not name an installed model as `label.Model`."),
        ("RELIES_ON = (Columns('Item'),)", "does not name an installed model as `label.Model`."),
        ("RELIES_ON = (Columns('x.Y'),)", "does not name an installed model as `label.Model`."),
        (
            "RELIES_ON = (Columns('billing.Bill'),)",
            'Columns("billing.Bill") names a model of billing, which sales does not depend on.',
        ),
        (
            "RELIES_ON = (Columns('sales.Order'),)",
            "names a model of sales, which sales does not depend on.",
        ),
        ("RELIES_ON = (Columns('catalogue.Item', id=1),)", "gives id no type: 1."),
        (
            "RELIES_ON = (Columns('catalogue.Item'), Columns('catalogue.item'))",
            "names a model a second time.",
        ),
    ],
)
def test_contracts_that_are_malformed(project: Project, source: str, what: str) -> None:
    [found] = project(communication(source), "E015", "E016")
    assert (found.id, found.service) == ("E016", "sales")
    assert (found.path, found.line) == ("sales/microservice_communication.py", LINE)
    assert found.what.startswith("RELIES_ON of sales: ")
    assert found.what.endswith(what)


STATED = """
RELIES_ON = (
    Columns("catalogue.Item", id=int, sku=str, maker_id=str),
    Columns("catalogue.Maker", name=str),
)
"""


def using(source: str) -> str:
    return f"{STATED}def never_called():\n    {source}"


@pytest.mark.parametrize(
    "source",
    [
        "Item.objects.filter(pk__in=[1], sku='x').values_list('id', 'sku', 'maker', flat=True)",
        "Item.objects.filter(maker__name='x').order_by('-maker_id')",
        "Item.objects.annotate(x=Count('id')).values('x').filter(x__gt=1)",
        "def f(items: ItemQuerySet): items.values('sku')",
        "Order.objects.filter(item=1).values('id', 'item_id')",
        "rows.values('price')",
        "Item.objects.filter(**{name: 1})",
    ],
)
def test_columns_that_are_stated(project: Project, source: str) -> None:
    assert project(communication(using(source)), "E016") == []


@pytest.mark.parametrize(
    ("source", "columns"),
    [
        ("Item.objects.filter(price__gt=1)", ["Item.price"]),
        ("Item.objects.values_list('sku', 'price', 'note')", ["Item.note", "Item.price"]),
        ("NAMES = ('sku', 'price'); Item.objects.values(*NAMES)", ["Item.price"]),
        ("Item.objects.order_by('-price')", ["Item.price"]),
        ("Item.objects.aggregate(Max('price'))", ["Item.price"]),
        ("Item.objects.exclude(Q(price=1))", ["Item.price"]),
        ("Item.objects.filter(origin__name='x')", ["Item.origin_id"]),
        ("Maker.objects.filter(item__price=1)", ["Item.price"]),
        ("items = Item.objects.all(); items.filter(price=1)", ["Item.price"]),
        ("def f(items: ItemQuerySet): items.values('price')", ["Item.price"]),
        ("def f(items: QuerySet[Item]): items.values('price')", ["Item.price"]),
        ("def f(items: 'QuerySet[Item] | None'): items.values('price')", ["Item.price"]),
    ],
)
def test_columns_that_are_not_stated(project: Project, source: str, columns: list[str]) -> None:
    found = project(communication(using(source)), "E016")
    assert [(each.id, each.service, each.other) for each in found] == [
        ("E016", "sales", "catalogue") for _ in columns
    ]
    assert [each.line for each in found] == [LINE + STATED.count("\n") + 1 for _ in columns]
    assert [each.what for each in found] == [
        f"sales reads catalogue.{column}, but RELIES_ON does not tell catalogue so."
        for column in columns
    ]


def test_columns_are_shown_as_they_are_written() -> None:
    columns: Any = Columns("shop.Item", id=int, note=str | None)
    assert repr(columns) == 'Columns("shop.Item", id=int, note=str | None)'
    assert dict(columns.types) == {"id": int, "note": str | None}

import pytest

from monoservices.tests.boundaries.checks.conftest import Project, service

MODELS = """
from django.db import models
from django.db.models import *

class Order(models.Model):
    paid = models.BooleanField()

class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    item = models.ForeignKey("catalogue.Item", models.PROTECT, related_name="+")
    tags = models.ManyToManyField("catalogue.Tag", related_name="+")
    note = models.ForeignKey("catalogue.Note", models.PROTECT, null=True, related_name="+")
    name = models.TextField()
"""
FILES = {
    "catalogue/apps.py": service("catalogue"),
    "catalogue/models.py": """
        from django.db import models

        class Tag(models.Model):
            name = models.TextField()

        class Item(models.Model):
            name = models.TextField()
            tag = models.ForeignKey(Tag, models.PROTECT, related_name="items")

            class Meta:
                ordering = ("name",)

        class Note(models.Model):
            item = models.ForeignKey(Item, models.PROTECT, related_name="notes")

        class Rating(models.Model):
            line = models.ForeignKey("sales.Line", models.PROTECT)
    """,
    "sales/apps.py": service("sales", "catalogue"),
    "sales/models.py": MODELS,
}
IMPORTS = """
from operator import or_
from django.contrib import admin
from django.db import models as m
from django.db.models import *
from django.db.models.functions import *
from django.shortcuts import get_object_or_404
from sales.models import Line, Order

"""


@pytest.mark.parametrize(
    "source",
    [
        "Line.objects.filter(item=1, item_id=2, item__id=3, item__pk=4, item__in=[5])",
        "Line.objects.filter(item__id__gt=1, item__isnull=True, tags=1, tags__id=2, name='n')",
        "Line.objects.values('item', 'item_id', 'item__pk', 'tags', 'order__paid')",
        "Line.objects.select_related('order').prefetch_related('order__lines').order_by('item_id')",
        "Line.objects.order_by('note', 'item__id', '-name', '?')",
        "Order.objects.annotate(n=Count('lines__item'), m=Max('lines__item_id'))",
        "Order.objects.select_related()",
        "Order.objects.filter(item__name='another model has an item')",
        "lines.filter(name='item__name', thing__name='nobody has it')",
        "Line.objects.annotate(x=Value('item__name'))",
        "rows.get('item__name'); dict(item__name=1)",
        "class A(admin.ModelAdmin): list_display = ('item_id', 'order'); search_fields = ('=name')",
        "class A(admin.ModelAdmin):\n  list_display = ('item',)\n  def item(self, line): ...",
        "class A(Form): fields = ('item',)",
        "F('name'), OuterRef('item'), Q(item=1), Sum('item_id')",
        "m.Model.objects.filter(name=1)",
        "self.microservice_communication.filter(name=1)",
        "from sales.microservice_communication import nothing; nothing.filter(name=1)",
        "def f(lines: QuerySet[Order]): lines.filter(item__name='x')",
    ],
)
def test_look_ups_that_stay(project: Project, source: str) -> None:
    assert project(FILES | {"sales/views.py": IMPORTS + source}, "E008") == []


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Line.objects.filter(item__name='n')", "Item"),
        ("Line.objects.filter(item_id__name='n')", "Item"),
        ("Line.objects.exclude(item__tag=1)", "Item"),
        ("Line.objects.filter(tags__name='n')", "Tag"),
        ("Line.objects.filter(rating__id=1)", "Rating"),
        ("Line.objects.filter(rating=1)", "Rating"),
        ("Line.objects.filter(**{'item__name': 'n'})", "Item"),
        ("KEY = 'item__name'; Line.objects.filter(**{KEY: 'n'})", "Item"),
        ("Line.objects.filter(**{'item__' + 'name': 'n'})", "Item"),
        ("Line.objects.filter(**dict(item__name='n'))", "Item"),
        ("query = {'item__name': 1}; Line.objects.filter(**query)", "Item"),
        ("Line.objects.all()[:1].get(item__name='n')", "Item"),
        ("get_object_or_404(Line, item__name='n')", "Item"),
        ("Line.objects.complex_filter({'item__name': 'n'})", "Item"),
        ("lines.filter(item__name='n')", "Item"),
        ("def f(lines: 'QuerySet[Line]'): lines.filter(item__name='n')", "Item"),
        ("Order.objects.filter(lines__item__name='n')", "Item"),
        ("Order.objects.get().lines.filter(item__name='n')", "Item"),
        ("Order.objects.filter(Q(paid=True) | ~Q(lines__item__name='n'))", "Item"),
        ("Order.objects.filter(Q(('lines__item__name', 'n')))", "Item"),
        ("Line.objects.select_related('item')", "Item"),
        ("Line.objects.select_related()", "Item"),
        ("Line.objects.select_related('order', 'item__tag')", "Item"),
        ("Line.objects.prefetch_related('tags')", "Tag"),
        ("Line.objects.prefetch_related('rating_set')", "Rating"),
        ("m.prefetch_related_objects(lines, 'item')", "Item"),
        ("Order.objects.prefetch_related(Prefetch('lines__item'))", "Item"),
        (
            "Order.objects.prefetch_related(Prefetch('lines', Line.objects.only('item__name')))",
            "Item",
        ),
        ("Line.objects.values('item__name')", "Item"),
        ("COLUMNS = ['id', 'item__name']; Line.objects.values_list(*COLUMNS)", "Item"),
        ("from sales.columns import COLUMNS; Line.objects.values_list(*COLUMNS)", "Item"),
        ("Line.objects.order_by('-item__name')", "Item"),
        ("Line.objects.order_by('item')", "Item"),
        ("Line.objects.distinct('item__name')", "Item"),
        ("Line.objects.annotate(x=F('item__name'))", "Item"),
        ("Line.objects.annotate(x=m.F('item__name'))", "Item"),
        ("Line.objects.update(name=F('item__name'))", "Item"),
        ("Line.objects.aggregate(Max('item__name'))", "Item"),
        ("Line.objects.annotate(x=Lower(expression='item__name'))", "Item"),
        ("Line.objects.annotate(x=Coalesce('name', 'item__name'))", "Item"),
        ("Line.objects.annotate(x=Case(When(item__name='n', then=1)))", "Item"),
        ("Line.objects.annotate(x=FilteredRelation('item'))", "Item"),
        ("Order.objects.filter(Exists(Line.objects.filter(item__name=OuterRef('x'))))", "Item"),
        ("Order.objects.filter(id=Subquery(Line.objects.values('item__name')))", "Item"),
        ("Order.objects.filter(Exists(Order.objects.filter(x=OuterRef('item__name'))))", "Item"),
        ("class A(admin.ModelAdmin): list_display = ('name', 'item')", "Item"),
        ("class A(admin.ModelAdmin): list_display = ('item__name',)", "Item"),
        ("class A(admin.ModelAdmin): search_fields = ['=item__name']", "Item"),
        ("class A(admin.ModelAdmin): list_filter = [('item__name', object)]", "Item"),
        ("class A(admin.ModelAdmin): list_select_related = ('item',)", "Item"),
        ("class A(admin.ModelAdmin): raw_id_fields: tuple[str] = ('item',)", "Item"),
        ("class A(admin.ModelAdmin): autocomplete_fields = ('tags',)", "Tag"),
        ("class A(admin.ModelAdmin): ordering = ('item',)", "Item"),
        ("class A: ordering_fields = ('item__name',)", "Item"),
        ("class A: filterset_fields = {'item__name': ['exact']}", "Item"),
        ("@admin.display(ordering='item__name')\ndef f(): ...", "Item"),
        ("CharField(source='item.name')", "Item"),
    ],
)
def test_look_ups_that_leave(project: Project, source: str, target: str) -> None:
    columns = {"sales/columns.py": "COLUMNS = ('id', 'item__name')"}
    [found] = project(FILES | columns | {"sales/views.py": IMPORTS + source}, "E008")
    assert (found.id, found.service, found.other) == ("E008", "sales", "catalogue")
    assert (found.path, found.line >= 10) == ("sales/views.py", True)
    assert f"into catalogue.{target} of catalogue" in found.what


def test_the_message_says_where_and_what(project: Project) -> None:
    source = IMPORTS + "Order.objects.filter(\n    lines__item__name='n',\n)"
    [found] = project(FILES | {"sales/views.py": source}, "E008")
    assert found.message().msg == (
        'sales/views.py:11: sales looks up "lines__item__name", which goes from sales.Order into'
        " catalogue.Item of catalogue."
    )


def test_pages_show_the_row_of_a_relation(project: Project) -> None:
    source = "class A: fields = ('name', 'item'); fieldsets = [('item', {'fields': ['note']})]"
    found = project(FILES | {"sales/admin.py": source}, "E008")
    assert [each.what.split('"')[1] for each in found] == ["item", "note"]


def test_an_ordering_of_a_model(project: Project) -> None:
    models = MODELS + '\n    class Meta:\n        ordering = ("item__name",)'
    [found] = project(FILES | {"sales/models.py": models}, "E008")
    assert (found.path, found.line) == ("sales/models.py", 16)


def test_tests_and_migrations_are_free(project: Project) -> None:
    source = IMPORTS + "Line.objects.filter(item__name='n')"
    files = {"sales/tests/test_x.py": source, "sales/migrations/x.py": source}
    assert project(FILES | files, "E008") == []


def test_the_communication_module_reads_within_the_other_service(project: Project) -> None:
    source = """
        from catalogue.models import Note
        Note.objects.filter(item__name="n").values("item__tag__name")
        notes.values("item__name")
    """
    files = FILES | {"sales/microservice_communication.py": source}
    assert project(files, "E008") == []


def test_the_communication_module_does_not_join(project: Project) -> None:
    source = IMPORTS + 'Line.objects.values("item__name")\norders.filter(lines__item__name=1)'
    files = FILES | {"sales/microservice_communication.py": source}
    found = project(files, "E008")
    assert [each.line for each in found] == [10, 11]

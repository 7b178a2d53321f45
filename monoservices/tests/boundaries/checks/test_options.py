"""E008 on the options of classes: judged as loaded, wherever code sets them."""

import pytest

from monoservices.tests.boundaries.checks.conftest import Project
from monoservices.tests.boundaries.checks.test_lookups import FILES

START = """
from django import forms
from django.contrib import admin
from sales.models import Line, Order

class LineAdmin(admin.ModelAdmin): search_fields = ("name",)
class LineForm(forms.ModelForm):
    class Meta: model, fields = Line, ["name"]
class LineFilter: filterset_fields, ordering_fields = {"name": ["exact"]}, ["name"]

"""
LINE = START.count("\n") + 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("admin", "LineAdmin.search_fields = ('order__paid', 'item_id', 'item__pk')"),
        ("admin", "LineAdmin.list_display = ('name', 'item_id', len)"),
        ("admin", "LineAdmin.item = lambda self, line: 1; LineAdmin.list_display = ('item',)"),
        ("admin", "LineAdmin.fieldsets = [('item__name', {'fields': ['name', ('order',)]})]"),
        ("admin", "LineAdmin.search_help_text = 'item__name'"),
        ("filters", "LineFilter.filterset_fields = {'name': ['item__name']}"),
        ("forms", "LineForm.Meta.fields = '__all__'"),
    ],
)
def test_options_that_stay(project: Project, module: str, source: str) -> None:
    assert project(FILES | {f"sales/{module}.py": START + source}, "E008") == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("admin", "LineAdmin.search_fields = ('=item__name',)"),
        ("admin", "LineAdmin.search_fields += tuple(['item__' + 'name'])"),
        ("admin", "setattr(LineAdmin, 'search_fields', ['item__name'])"),
        ("admin", "LineAdmin.list_display = [f'{each}__name' for each in ('order', 'item')]"),
        ("admin", "LineAdmin.list_filter = [('item__name', admin.AllValuesFieldListFilter)]"),
        ("admin", "LineAdmin.fieldsets = [('', {'fields': ['name', ('order', 'item')]})]"),
        ("admin", "class Lines(LineAdmin): ...\nLines.ordering = ['-item__name']"),
        ("filters", "LineFilter.filterset_fields = {'item__name': ['exact']}"),
        ("filters", "LineFilter.ordering_fields = 'item__name'.split()"),
        ("forms", "LineForm.Meta.fields = ('item',)"),
        ("serializers", "LineAdmin.search_fields = ('item__name',)"),
    ],
)
def test_options_that_leave(project: Project, module: str, source: str) -> None:
    [found] = project(FILES | {f"sales/{module}.py": START + source}, "E008")
    assert (found.id, found.service, found.other) == ("E008", "sales", "catalogue")
    assert found.path == f"sales/{module}.py"
    assert "into catalogue.Item of catalogue" in found.what


def test_the_message_names_the_line_that_sets_the_option(project: Project) -> None:
    source = "LineAdmin.search_fields = (\n    'name',\n    'item__name',\n)"
    [found] = project(FILES | {"sales/admin.py": START + source}, "E008")
    assert found.line == LINE + 2


def test_an_option_of_a_base_outside_the_services(project: Project) -> None:
    base = {"shop/pages.py": "class Base: search_fields = ('item__name',)"}
    source = "from shop.pages import Base\nclass Lines(Base): ...\n"
    [found] = project(FILES | base | {"sales/admin.py": source}, "E008")
    assert (found.path, found.line) == ("sales/admin.py", 2)


def test_a_module_that_cannot_be_imported_is_judged_as_written(project: Project) -> None:
    source = "import nothing\nclass A: search_fields = ('item__name',)"
    [found] = project(FILES | {"sales/admin.py": source}, "E008")
    assert found.line == 2

import pytest
from pytest_django import Settings

from monoservices.tests.boundaries.checks.conftest import Project, service

CATALOGUE = {
    "shop/catalogue/apps.py": service("catalogue", name="shop.catalogue"),
    "shop/catalogue/models.py": """
        from django.contrib.contenttypes.fields import GenericForeignKey
        from django.contrib.contenttypes.models import ContentType
        from django.db import models

        class Item(models.Model):
            pass

        class Link(models.Model):
            item = models.ForeignKey(Item, models.CASCADE)
            line = models.ForeignKey("sales.Line", models.PROTECT, related_name="+")

        class Tag(models.Model):
            content_type = models.ForeignKey(
                ContentType, models.CASCADE, limit_choices_to={"app_label": "catalogue"}
            )
            object_id = models.BigIntegerField()
            target = GenericForeignKey()
    """,
}
IMPORTS = """
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from shop.catalogue.models import Item
"""
LINE = 9
"""Where `line()` has the body of its model."""


def line(body: str, bases: str = "models.Model") -> str:
    return f"{IMPORTS}\n\nclass Line({bases}):\n    {body}\n"


def sales(source: str, *depends_on: str) -> dict[str, str]:
    return CATALOGUE | {
        "shop/sales/apps.py": service("sales", *depends_on, name="shop.sales"),
        "shop/sales/models.py": source,
    }


def of_sales(project: Project, source: str, *depends_on: str) -> list[tuple[str, str, int]]:
    found = project(sales(source, *depends_on), "E005", "E006", "E007")
    return [
        (each.id, each.other, each.line) for each in found if each.path == "shop/sales/models.py"
    ]


@pytest.mark.parametrize("on_delete", ["PROTECT", "RESTRICT", "DO_NOTHING"])
@pytest.mark.parametrize("kind", ["ForeignKey", "OneToOneField"])
def test_a_relation_to_a_declared_service(project: Project, kind: str, on_delete: str) -> None:
    body = f'item = models.{kind}("catalogue.Item", models.{on_delete}, related_name="+")'
    assert of_sales(project, line(body), "catalogue") == []


@pytest.mark.parametrize(
    "body",
    [
        'parent = models.ForeignKey("self", models.CASCADE, related_name="children")',
        'kind = models.ForeignKey("contenttypes.ContentType", models.CASCADE)',
        "item_id = models.BigIntegerField()",
    ],
)
def test_what_needs_no_declaration(project: Project, body: str) -> None:
    assert of_sales(project, line(body)) == []


@pytest.mark.parametrize(
    "body",
    [
        'item = models.ForeignKey("catalogue.Item", models.PROTECT, related_name="+")',
        'item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")',
        'item = models.OneToOneField("catalogue.item", models.PROTECT, related_name="+")',
        'item: object = models.ForeignKey(to=Item, on_delete=models.PROTECT, related_name="+")',
    ],
)
def test_a_relation_to_an_undeclared_service(project: Project, body: str) -> None:
    assert of_sales(project, line(body)) == [("E005", "catalogue", LINE)]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("", "line and line_set"),
        (', related_name="lines"', "lines"),
        (', related_name="lines", related_query_name="line"', "line and lines"),
        (', related_name="+", related_query_name="line"', "line"),
    ],
)
def test_a_reverse_accessor(project: Project, options: str, names: str) -> None:
    body = f'item = models.ForeignKey("catalogue.Item", models.PROTECT{options})'
    found = project(sales(line(body), "catalogue"), "E005", "E006", "E007")
    assert [(each.id, each.service, each.what) for each in found if each.service == "sales"] == [
        (
            "E006",
            "sales",
            f"sales.Line.item of sales gives the model of catalogue the name {names}.",
        )
    ]


@pytest.mark.parametrize(
    "on_delete",
    ["CASCADE", "SET_NULL, null=True", "SET_DEFAULT, default=1", "SET(1)"],
)
def test_a_cascade(project: Project, on_delete: str) -> None:
    body = f'item = models.ForeignKey("catalogue.Item", models.{on_delete}, related_name="+")'
    assert of_sales(project, line(body), "catalogue") == [("E007", "catalogue", LINE)]


def test_rows_between(project: Project) -> None:
    """Without a through model of its own, they go when the other service deletes a row."""
    many = 'items = models.ManyToManyField("catalogue.Item", related_name="+"'
    through = """
class LineItem(models.Model):
    line = models.ForeignKey(Line, models.CASCADE)
    item = models.ForeignKey("catalogue.Item", models.PROTECT, related_name="+")
"""
    own = line(f'{many}, through="LineItem")') + through
    assert of_sales(project, own, "catalogue") == []


@pytest.mark.parametrize("through", ["", ', through="catalogue.Link"'])
def test_rows_between_that_another_service_writes(project: Project, through: str) -> None:
    body = f'items = models.ManyToManyField("catalogue.Item", related_name="+"{through})'
    assert of_sales(project, line(body), "catalogue") == [("E007", "catalogue", LINE)]


def test_rows_between_that_are_only_the_others(project: Project) -> None:
    source = IMPORTS + (
        "\n\nclass Line(models.Model):\n"
        '    all = models.ManyToManyField("self", through="catalogue.Pair", symmetrical=False)\n'
    )
    files = sales(source)
    files["shop/catalogue/models.py"] = """
        from django.db import models

        class Item(models.Model):
            pass

        class Pair(models.Model):
            a = models.ForeignKey("sales.Line", models.PROTECT, related_name="+")
            b = models.ForeignKey("sales.Line", models.PROTECT, related_name="+")
    """
    found = [each for each in project(files, "E005", "E006", "E007") if each.service == "sales"]
    assert [each.id for each in found] == ["E005", "E006", "E007"]


def test_inheritance_from_another_services_model(project: Project) -> None:
    found = of_sales(project, line("pass", "Item"), "catalogue")
    assert found == [("E006", "catalogue", LINE - 1), ("E007", "catalogue", LINE - 1)]


def test_a_proxy_for_another_services_model(project: Project) -> None:
    source = line("class Meta:\n        proxy = True", "Item")
    assert of_sales(project, source, "catalogue") == [("E007", "catalogue", LINE - 1)]


def test_a_relation_from_an_abstract_model_is_shown_where_it_is_written(project: Project) -> None:
    source = line(
        'item = models.ForeignKey(Item, models.PROTECT, related_name="+")\n'
        "    class Meta:\n        abstract = True"
    )
    assert of_sales(project, f"{source}\nclass Fine(Line):\n    pass\n") == [
        ("E005", "catalogue", LINE)
    ]


def test_a_generic_relation(project: Project) -> None:
    body = 'tags = GenericRelation("catalogue.Tag")'
    assert of_sales(project, line(body), "catalogue") == [("E007", "catalogue", LINE)]


@pytest.mark.parametrize(
    ("limit", "others"),
    [
        ("", ["any service"]),
        (', limit_choices_to={"model": "item"}', ["any service"]),
        (', limit_choices_to={"app_label": "catalogue"}', []),
        (', limit_choices_to={"app_label": "sales"}', []),
        (', limit_choices_to={"app_label__in": ["sales", "people"]}', ["people"]),
    ],
)
def test_a_generic_foreign_key(project: Project, limit: str, others: list[str]) -> None:
    body = (
        f"content_type = models.ForeignKey(ContentType, models.CASCADE{limit})\n"
        "    object_id = models.BigIntegerField()\n"
        "    target = GenericForeignKey()"
    )
    found = of_sales(project, line(body), "catalogue")
    assert found == [("E005", other, LINE + 2) for other in others]


@pytest.mark.parametrize("target", ["settings.AUTH_USER_MODEL", '"people.User"'])
def test_the_user_is_reached_through_settings(
    project: Project, settings: Settings, target: str
) -> None:
    settings.AUTH_USER_MODEL = "people.User"
    files = {
        "people/apps.py": service("people"),
        "people/models.py": """
            from django.db import models

            class Replaced(models.Model):
                class Meta:
                    swappable = "AUTH_USER_MODEL"

            class User(models.Model):
                pass
        """,
        "sales/apps.py": service("sales"),
        "sales/models.py": f"""
            from django.conf import settings
            from django.db import models

            class Line(models.Model):
                free = models.ForeignKey({target}, models.PROTECT, related_name="+")
                bound = models.ForeignKey({target}, models.CASCADE)
        """,
    }
    found = project(files, "E005", "E006", "E007")
    assert [(each.id, each.other, each.line) for each in found] == [
        ("E006", "people", 7),
        ("E007", "people", 7),
    ]

import pytest

from monoservices.tests.boundaries.checks.conftest import Project, service

MIGRATION = "sales/migrations/0002_more.py"
START = """from django.conf import settings
from django.db import migrations, models


"""
LINE = 5
"""Of the first line that a test writes."""


def found_in(project: Project, source: str, *depends_on: str) -> list[tuple[str, str, str, int]]:
    files = {
        "catalogue/apps.py": service("catalogue"),
        "catalogue/models.py": """
            from django.db import models

            class Item(models.Model): ...

            class Move(models.Model):
                class Meta:
                    db_table = "order"
        """,
        "sales/apps.py": service("sales", *depends_on),
        "sales/models.py": "from django.db import models\n\nclass Line(models.Model): ...",
        MIGRATION: START + source,
    }
    found = project(files, "E012", "E013")
    assert {each.path for each in found} <= {MIGRATION}
    return [(each.id, each.service, each.other, each.line) for each in found]


@pytest.mark.parametrize(
    "dependencies",
    [
        "[]",
        '[("sales", "0001_initial")]',
        '[("sales", "0001_initial"), ("catalogue", "0001_initial")]',
        '[("contenttypes", "0002_remove_content_type_name")]',
    ],
)
def test_what_a_migration_may_depend_on(project: Project, dependencies: str) -> None:
    source = f"class Migration(migrations.Migration):\n    dependencies = {dependencies}"
    assert found_in(project, source, "catalogue") == []


def test_the_user_is_reached_through_settings(project: Project) -> None:
    source = (
        "class Migration(migrations.Migration):\n"
        "    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]"
    )
    assert found_in(project, source) == []


@pytest.mark.parametrize(
    "dependencies",
    [
        '[("catalogue", "0001_initial")]',
        '(("sales", "0001_initial"), ("catalogue", "0001_initial"))',
        '[] + [("catalogue", "__first__")]',
        "[(OTHER, '0001_initial')]",
    ],
)
def test_a_migration_that_depends_on_an_undeclared_service(
    project: Project, dependencies: str
) -> None:
    source = (
        f"class Migration(migrations.Migration):\n    dependencies = {dependencies}\n"
        'OTHER = "catalogue"'
    )
    assert found_in(project, source) == [("E012", "sales", "catalogue", LINE + 1)]


@pytest.mark.parametrize("depends_on", [(), ("catalogue",)])
def test_a_migration_that_others_must_wait_for(
    project: Project, depends_on: tuple[str, ...]
) -> None:
    source = 'class Migration(migrations.Migration):\n    run_before = [("catalogue", "0002_more")]'
    assert found_in(project, source, *depends_on) == [("E012", "sales", "catalogue", LINE + 1)]


@pytest.mark.parametrize(
    "source",
    [
        'def f(apps, editor): apps.get_model("sales", "Line")',
        'def f(apps, editor): apps.get_model("contenttypes.ContentType")',
        'migrations.RunSQL("UPDATE sales_line SET id = 1")',
        'migrations.RunSQL("SELECT 1 FROM sales_line ORDER BY id")',
        'migrations.CreateModel("Line", options={"db_table": "sales_line", "x": "order"})',
        'migrations.AddField("Line", "item", models.ForeignKey("catalogue.Item", models.PROTECT))',
        '"""Says what catalogue_item is."""',
        'HELP = "what catalogue_item is"',
    ],
)
def test_what_a_migration_may_do(project: Project, source: str) -> None:
    assert found_in(project, source, "catalogue") == []


@pytest.mark.parametrize(
    "source",
    [
        'def f(apps, editor): apps.get_model("catalogue", "Item")',
        'def f(apps, editor): apps.get_model("catalogue.Item").objects.all()',
        'def f(registry, editor): registry.get_model(app_label="catalogue", model_name="Item")',
        'def f(apps, editor): get = apps.get_model; get("catalogue", "Item")',
        'OTHER = "catalogue"; f = lambda apps, editor: apps.get_model(OTHER, "Item")',
        'def f(apps, editor): apps.get_app_config("catalogue")',
        'def f(apps, editor): apps.all_models["catalogue"]["item"]',
        'def f(self, label, state): state.models["catalogue", "item"]',
        'def f(self, label, state): super().state_forwards("catalogue", state)',
        'class Migration(migrations.Migration): app_label = "catalogue"',
        'def f(self): self.app_label = "catalogue"',
        'migrations.RunSQL("UPDATE catalogue_item SET id = 1")',
        'migrations.RunSQL(["SELECT 1", ("DELETE FROM catalogue_item", None)])',
        'migrations.RunSQL(sql="", reverse_sql="drop table \\"catalogue_item\\"")',
        'SQL = """\n-- all of them\ntruncate catalogue_item"""',
        'def f(apps, editor): editor.execute(f"DELETE FROM catalogue_item WHERE id < {apps}")',
        'def f(apps, editor): editor.execute("DELETE FROM %s" % "catalogue_item")',
        'TABLE = "catalogue_item"; migrations.RunSQL("DELETE FROM " + TABLE)',
        'migrations.RunSQL("UPDATE sales_line SET id = (SELECT max(id) FROM order)")',
        'migrations.RunSQL(\'SELECT 1 FROM sales_line, "order" JOIN "order"\')',
        'migrations.CreateModel("Mirror", options={"db_table": "catalogue_item"})',
        'migrations.AlterModelTable("Line", "catalogue_item")',
        'migrations.AlterModelTable("Line", table="catalogue_item")',
    ],
)
def test_a_migration_that_reaches_over(project: Project, source: str) -> None:
    [found] = found_in(project, source, "catalogue")
    assert found[:3] == ("E013", "sales", "catalogue")
    assert found[3] in {LINE, LINE + 1}

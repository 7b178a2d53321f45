import pytest

from monoservices.tests.boundaries.checks.conftest import Project, service

FILES = {
    "catalogue/apps.py": service("catalogue"),
    "catalogue/models.py": """
        from django.db import models

        class Item(models.Model):
            tags = models.ManyToManyField("Tag")

        class Tag(models.Model):
            class Meta:
                db_table = "tags"
    """,
    "sales/apps.py": service("sales", "catalogue"),
    "sales/models.py": """
        from django.db import models

        class Order(models.Model):
            pass
    """,
}


@pytest.mark.parametrize(
    "source",
    [
        "'SELECT * FROM sales_order'",
        "'SELECT * FROM catalogue_items'",
        "'SELECT id AS my_catalogue_item FROM sales_order'",
        "'''SELECT * FROM catalogue_item'''",
        "def f():\n    '''Reads FROM catalogue_item.'''",
        "# SELECT * FROM catalogue_item",
        "reverse('admin:catalogue_item_changelist')",
        "NAME = 'catalogue_item'",
        "print('Select the tags that you like')",
        "'DELETE FROM ' + table",
    ],
)
def test_what_names_no_table_of_others(project: Project, source: str) -> None:
    assert project(FILES | {"sales/views.py": source}, "E010") == []


@pytest.mark.parametrize(
    "source",
    [
        "x = 'SELECT * FROM catalogue_item'",
        "x = 'select * from catalogue_item'",
        "x = 'SELECT * FROM \"catalogue_item\" WHERE id = %s'",
        "x = 'SELECT * FROM public.catalogue_item'",
        "x = 'SELECT * FROM sales_order AS o, catalogue_item AS i'",
        "x = ' JOIN catalogue_item AS i ON i.id = o.item_id'",
        "x = 'DELETE FROM catalogue_item'",
        "x = 'INSERT INTO catalogue_item_tags (item_id, tag_id) VALUES (1, 2)'",
        "x = 'SELECT * FROM tags'",
        "x = 'TRUNCATE TABLE \"tags\"'",
        "x = 'SELECT * ' 'FROM catalogue_item'",
        "x = 'SELECT * FROM ' + 'catalogue_item'",
        "x = ('SELECT ' + columns + ' FROM ' + 'catalogue_item')",
        "x = 'SELECT * FROM catalogue_' + 'item'",
        "x = f'SELECT {columns} FROM catalogue_item'",
        "x = f'SELECT * FROM {\"catalogue_item\"}'",
        "TABLE = 'catalogue_item'; x = f'SELECT * FROM {TABLE}'",
        "TABLE = 'catalogue_item'; x = 'SELECT * FROM ' + TABLE",
        "x = 'SELECT * FROM %s' % 'catalogue_item'",
        "x = 'SELECT %s FROM %s' % (columns, 'catalogue_item')",
        "x = 'SELECT * FROM {}'.format('catalogue_item')",
        "x = 'SELECT * FROM {table}'.format(table='catalogue_item')",
        "x = ' '.join(['SELECT *', 'FROM', 'catalogue_item'])",
        "x = 'SELECT ' + ', '.join(f('UPDATE catalogue_item') for f in g)",
        "Order.objects.raw('SELECT * FROM catalogue_item')",
        "Order.objects.extra(tables=['catalogue_item'])",
        "class A:\n  class Meta: managed, x = False, 1; db_table = 'catalogue_item'",
        "ManyToManyField('Order', db_table='catalogue_item_tags')",
    ],
)
def test_tables_of_another_service(project: Project, source: str) -> None:
    [found] = project(FILES | {"sales/views.py": source}, "E010")
    assert (found.id, found.service, found.other) == ("E010", "sales", "catalogue")
    assert (found.path, found.line) == ("sales/views.py", found.line)


def test_the_message_says_where_and_what(project: Project) -> None:
    source = "\nQUERY = '''\n  SELECT * FROM catalogue_item\n'''"
    [found] = project(FILES | {"sales/microservice_communication.py": source}, "E010")
    assert found.message().msg == (
        "sales/microservice_communication.py:2: sales names the table catalogue_item of catalogue"
        " in SQL."
    )


def test_a_model_that_shadows_a_table(project: Project) -> None:
    shadow = """
        from django.db import models

        class Shadow(models.Model):
            class Meta:
                managed = False
                db_table = "catalogue_item"
    """
    [found] = project(FILES | {"sales/models.py": shadow}, "E010")
    assert (found.other, found.line) == ("catalogue", 7)


def test_tests_and_migrations_are_free(project: Project) -> None:
    source = "x = 'SELECT * FROM catalogue_item'"
    files = {"sales/tests/test_x.py": source, "sales/migrations/x.py": source}
    assert project(FILES | files, "E010") == []

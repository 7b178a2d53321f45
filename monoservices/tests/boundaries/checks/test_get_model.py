import pytest

from monoservices.tests.boundaries.checks.conftest import Project, service

FILES = {
    "catalogue/apps.py": service("catalogue"),
    "catalogue/models.py": """
        from django.db import models

        class Item(models.Model):
            name = models.TextField()
    """,
    "sales/apps.py": service("sales", "catalogue"),
    "sales/models.py": """
        from django.db import models

        class Order(models.Model):
            pass
    """,
}
IMPORTS = """
import django.apps
from django.apps import apps
from django.apps import apps as registry
from django.contrib.contenttypes.models import ContentType
from sales.models import Order

"""


@pytest.mark.parametrize(
    "source",
    [
        "apps.get_model('sales.Order')",
        "apps.get_model('sales', 'Order')",
        "apps.get_model('contenttypes.ContentType')",
        "apps.get_app_config('sales').get_models()",
        "apps.get_app_config('sales').get_model('catalogue')",
        "forecasts.get_model(name)",
        "forecasts.get_model('catalogue')",
        "self.get_models()",
        "apps.is_installed('catalogue')",
        "ContentType.objects.get(app_label='sales', model='order').model_class()",
        "ContentType.objects.get_for_model(Order)",
        "from django.contrib.auth import get_user_model; get_user_model()",
    ],
)
def test_what_may_be_looked_up(project: Project, source: str) -> None:
    assert project(FILES | {"sales/views.py": IMPORTS + source}, "E009") == []


@pytest.mark.parametrize(
    "source",
    [
        "apps.get_model('catalogue.Item')",
        "apps.get_model('catalogue', 'Item')",
        "apps.get_model(app_label='catalogue', model_name='Item')",
        "apps.get_model(model_name='Item', app_label='catalogue')",
        "LABEL = 'catalogue'; apps.get_model(LABEL, 'Item')",
        "LABEL = 'catalogue'; apps.get_model(f'{LABEL}.Item')",
        "apps.get_model('cata' + 'logue.Item')",
        "registry.get_model('catalogue.Item')",
        "django.apps.apps.get_model('catalogue.Item')",
        "get = apps.get_model; get('catalogue.Item')",
        "getattr(apps, 'get_model')('catalogue.Item')",
        "Order._meta.apps.get_model('catalogue.Item')",
        "self.apps.get_model('catalogue.Item')",
        "apps.get_registered_model('catalogue', 'Item')",
        "apps.get_app_config('catalogue').get_model('Item')",
        "config = apps.get_app_config('catalogue'); list(config.get_models())",
        "ContentType.objects.get(app_label='catalogue', model='item').model_class()",
        "ContentType.objects.get_by_natural_key('catalogue', 'item').model_class()",
        "ContentType.objects.filter(model='item', app_label='catalogue').first()",
    ],
)
def test_models_of_another_service(project: Project, source: str) -> None:
    [found] = project(FILES | {"sales/views.py": IMPORTS + source}, "E009")
    assert (found.id, found.service, found.other) == ("E009", "sales", "catalogue")
    assert (found.path, found.line) == ("sales/views.py", 8)


@pytest.mark.parametrize(
    "source",
    [
        "apps.get_model(label)",
        "apps.get_model(*names)",
        "apps.get_model(f'{label}.Item')",
        "Order._meta.apps.get_model(label, name)",
        "apps.get_app_config(label).get_models()",
        "apps.get_models()",
        "apps.all_models[label]['item']",
    ],
)
def test_models_that_may_be_of_any_service(project: Project, source: str) -> None:
    [found] = project(FILES | {"sales/views.py": IMPORTS + source}, "E009")
    assert (found.id, found.service, found.other) == ("E009", "sales", "any")


def test_the_message_says_where_and_what(project: Project) -> None:
    source = IMPORTS + "apps.get_model('catalogue.Item')"
    [found] = project(FILES | {"sales/views.py": source}, "E009")
    assert (
        found.message().msg == "sales/views.py:8: sales reaches models of catalogue by get_model."
    )


def test_the_model_of_users(settings: object, project: Project) -> None:
    accounts = {
        "people/apps.py": service("people"),
        "people/models.py": """
            from django.db import models

            class User(models.Model):
                REQUIRED_FIELDS = []
                USERNAME_FIELD = "id"
        """,
        "people/views.py": "from django.contrib.auth import get_user_model; get_user_model()",
    }
    settings.AUTH_USER_MODEL = "people.User"  # type: ignore[attr-defined]
    source = "from django.contrib.auth import get_user_model as users\nUser = users()"
    files = FILES | accounts | {"sales/views.py": source}
    [found] = project(files, "E009")
    assert (found.service, found.other, found.line) == ("sales", "people", 2)


def test_tests_and_migrations_are_free(project: Project) -> None:
    source = IMPORTS + "apps.get_model('catalogue.Item'); apps.get_model(label)"
    files = {"sales/tests/test_x.py": source, "sales/migrations/x.py": source}
    assert project(FILES | files, "E009") == []


def test_the_communication_module_imports_by_name_too(project: Project) -> None:
    source = IMPORTS + "apps.get_model('catalogue.Item')"
    files = FILES | {"sales/microservice_communication.py": source}
    assert len(project(files, "E009")) == 1

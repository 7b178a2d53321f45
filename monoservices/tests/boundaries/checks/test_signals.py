import pytest

from monoservices.tests.boundaries.checks.conftest import Project, service

FILES = {
    "catalogue/apps.py": service("catalogue"),
    "catalogue/models.py": """
        from django.db import models

        class Tag(models.Model):
            pass

        class Item(models.Model):
            tags = models.ManyToManyField(Tag)
    """,
    "sales/apps.py": service("sales", "catalogue"),
    "sales/models.py": """
        from django.db import models

        class Order(models.Model):
            pass
    """,
    "sales/microservice_communication.py": "from catalogue.models import Item",
}
IMPORTS = """
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.signals import request_started
from django.db.models import signals
from django.db.models.signals import m2m_changed, post_delete, post_migrate, post_save
from django.dispatch import Signal, receiver
from catalogue.models import Item
from sales import microservice_communication as communication
from sales.microservice_communication import Item as Thing
from sales.models import Order

"""


@pytest.mark.parametrize(
    "source",
    [
        "receiver(post_save, sender=Order)(f)",
        "receiver(post_save, sender='sales.Order')(f)",
        "receiver([post_save, post_delete], sender=Order)(f)",
        "receiver(post_save, sender=ContentType)(f)",
        "post_save.connect(f, sender=Order)",
        "post_save.connect(f, Order)",
        "receiver(request_started)(f)",
        "receiver(post_migrate)(f)",
        "receiver(Signal())(f)",
        "request_started.connect(f)",
        "connection.connect(f)",
    ],
)
def test_what_may_be_heard(project: Project, source: str) -> None:
    assert project(FILES | {"sales/views.py": IMPORTS + source}, "E011") == []


@pytest.mark.parametrize(
    "source",
    [
        "@receiver(post_save, sender=Item)\ndef f(**kwargs): ...",
        "@receiver([post_save, post_delete], sender=Item)\ndef f(**kwargs): ...",
        "BOTH = (post_save, post_delete); receiver(BOTH, sender=Item)(f)",
        "receiver(post_save, sender='catalogue.Item')(f)",
        "NAME = 'catalogue.Item'; receiver(post_save, sender=NAME)(f)",
        "receiver(post_save, sender=Thing)(f)",
        "receiver(post_save, sender=communication.Item)(f)",
        "receiver(m2m_changed, sender=Item.tags.through)(f)",
        "from django import dispatch; dispatch.receiver(signals.post_save, sender=Item)(f)",
        "post_save.connect(f, sender=Item)",
        "post_save.connect(f, Item)",
        "signals.post_save.connect(f, sender=Item)",
        "import django.db.models as m; m.signals.post_save.connect(f, sender=Item)",
        "saved = post_save; saved.connect(f, sender=Item)",
        "Model = Item; post_save.connect(f, sender=Model)",
        "for signal in (post_save, post_delete): signal.connect(f, sender=Item)",
        "for model in (Order, Item): post_save.connect(f, sender=model)",
    ],
)
def test_models_of_another_service(project: Project, source: str) -> None:
    [found] = project(FILES | {"sales/views.py": IMPORTS + source}, "E011")
    assert (found.id, found.service, found.other) == ("E011", "sales", "catalogue")
    assert (found.path, found.line) == ("sales/views.py", 13)


@pytest.mark.parametrize(
    "source",
    [
        "receiver(post_save)(f)",
        "receiver([request_started, post_save])(f)",
        "receiver(post_save, sender=None)(f)",
        "post_save.connect(f)",
        "post_save.connect(f, dispatch_uid='f')",
    ],
)
def test_models_of_any_service(project: Project, source: str) -> None:
    [found] = project(FILES | {"sales/views.py": IMPORTS + source}, "E011")
    assert (found.id, found.service, found.other) == ("E011", "sales", "any")
    assert found.message().msg == (
        "sales/views.py:13: sales receives post_save of the models of any service."
    )


def test_the_model_of_users(settings: object, project: Project) -> None:
    settings.AUTH_USER_MODEL = "catalogue.Item"  # type: ignore[attr-defined]
    source = IMPORTS + "post_save.connect(f, sender=settings.AUTH_USER_MODEL)"
    [found] = project(FILES | {"sales/apps2.py": source}, "E011")
    assert found.other == "catalogue"


def test_tests_are_free(project: Project) -> None:
    source = IMPORTS + "post_save.connect(f, sender=Item)"
    assert project(FILES | {"sales/tests/test_x.py": source}, "E011") == []

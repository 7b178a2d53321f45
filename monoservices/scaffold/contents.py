"""The files of a new service: where their templates are, and the variables in them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils.text import get_text_list

from monoservices.scaffold.dependencies import Dependency
from monoservices.scaffold.naming import Names
from monoservices.services.ownership import COMMUNICATION

TEMPLATE = Path(__file__).resolve().parent / "service_template"


def context(names: Names, dependencies: list[Dependency]) -> dict[str, Any]:
    """The variables of the templates, besides those of Django's `startapp`."""
    thing, things = names.singular.replace("_", " "), names.plural.replace("_", " ")
    big = "django.db.models.BigAutoField"
    return {
        **vars(names),
        "constraint": f"{names.label}_{names.singular}_named"[:63],
        "default_auto_field": "" if big == settings.DEFAULT_AUTO_FIELD else big,
        "dependencies": dependencies,
        "model_name": names.model.lower(),
        "others": get_text_list([each.label for each in dependencies], "and"),
        "path": names.label.replace("_", "-"),
        "thing": thing,
        "things": things,
        "url_name": names.singular.replace("_", "-"),
        "uuid": any(each.key_type == "UUID" for each in dependencies),
        "verbose_name_plural": "" if things == f"{thing}s" else things,
    }


def unneeded(dependencies: list[Dependency]) -> Iterator[str]:
    """The files that this service does not need: without dependencies, without an admin site."""
    if not dependencies:
        yield from (f"{COMMUNICATION}.py", "tests/test_communication.py")
    if not apps.is_installed("django.contrib.admin"):
        yield from ("admin.py", "tests/test_admin.py")

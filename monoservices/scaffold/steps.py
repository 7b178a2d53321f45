"""What is left to do by hand once the files of a service are written."""

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from django.conf import settings

from monoservices.api.defaults import REST_FRAMEWORK
from monoservices.scaffold.naming import Names


def next_steps(names: Names, *, at: Path) -> str:
    """What to tell who started a service that is now `at` this path."""
    setting = "SERVICES" if hasattr(settings, "SERVICES") else "INSTALLED_APPS"
    return "\n".join(
        [
            f"{at}/ is there. Add this line to {setting} in {_settings_file()}:",
            "",
            f'    "{names.package}",',
            *_once_per_project(),
        ]
    )


def _settings_file() -> str:
    return f"{os.environ['DJANGO_SETTINGS_MODULE'].replace('.', '/')}.py"


def _once_per_project() -> Iterator[str]:
    """The lines that a project needs once, before its first service."""
    own = getattr(settings, "REST_FRAMEWORK", {})
    if any(name not in own for name in REST_FRAMEWORK):
        yield from (
            "",
            f"And this one, once, to {_settings_file()}; with it, services speak JSON, and",
            "DEFAULT_AUTHENTICATION_CLASSES is to say who has which scopes:",
            "",
            "    from monoservices.api.defaults import REST_FRAMEWORK",
        )
    if not hasattr(import_module(settings.ROOT_URLCONF), "url_modules"):
        yield from (
            "",
            f"And these, once, to {settings.ROOT_URLCONF.replace('.', '/')}.py:",
            "",
            "    from django.urls import include, path",
            "    from monoservices.services.serving import url_modules",
            "",
            '    urlpatterns += [path("api/v1/", include(urls)) for urls in url_modules()]',
        )

"""What is left to do by hand once the files of a service are written."""

import os
from importlib import import_module
from pathlib import Path

from django.conf import settings

from monoservices.api.defaults import REST_FRAMEWORK
from monoservices.scaffold.naming import Names


def next_steps(names: Names, *, at: Path) -> str:
    """What to tell who started a service that is now `at` this path."""
    setting = "SERVICES" if hasattr(settings, "SERVICES") else "INSTALLED_APPS"
    settings_file = f"{os.environ['DJANGO_SETTINGS_MODULE'].replace('.', '/')}.py"
    steps = f"""\
{at}/ is there. Add this line to {setting} in {settings_file}:

    "{names.package}","""
    own = getattr(settings, "REST_FRAMEWORK", {})
    if any(name not in own for name in REST_FRAMEWORK):
        steps += f"""

And this one, once, to {settings_file}; with it, services speak JSON, and
DEFAULT_AUTHENTICATION_CLASSES is to say who has which scopes:

    from monoservices.api.defaults import REST_FRAMEWORK"""
    if not hasattr(import_module(settings.ROOT_URLCONF), "url_modules"):
        steps += f"""

And these, once, to {settings.ROOT_URLCONF.replace(".", "/")}.py:

    from django.urls import include, path
    from monoservices.services.serving import url_modules

    urlpatterns += [path("api/v1/", include(urls)) for urls in url_modules()]"""
    return steps

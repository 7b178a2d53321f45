"""The setting SERVED_SERVICES selects the routes and staff pages of a process."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.sites import AdminSite
from django.contrib.auth.models import Group

from monoservices.server.express_lane import hot_routes
from monoservices.services.config import served_services, services
from monoservices.services.serving import url_modules, withdraw_staff_pages


@pytest.fixture
def site() -> Iterator[AdminSite]:
    """An admin site with all pages of the project."""
    every = dict(admin.site._registry)
    site = AdminSite("another")
    for model, page in every.items():
        site.register(model, type(page))
    yield site
    for model, page in every.items():
        if not admin.site.is_registered(model):
            admin.site.register(model, type(page))


def labels(site: AdminSite) -> set[str]:
    return {model._meta.app_label for model in site._registry}


def test_without_the_setting_everything_is_served(settings: Any) -> None:
    del settings.SERVED_SERVICES
    assert [*served_services()] == [*services()]
    assert all(service.is_served for service in services())


def test_what_the_setting_names_is_served_in_the_order_of_the_apps(settings: Any) -> None:
    every = [service.label for service in services()]
    settings.SERVED_SERVICES = every[::-2]
    assert [service.label for service in served_services()] == every[::-2][::-1]
    assert [service.label for service in services()] == every


def test_what_is_not_served_has_no_routes(settings: Any) -> None:
    every = [*url_modules()]
    assert every == [f"{each.name}.urls" for each in services() if f"{each.name}.urls" in every]
    settings.SERVED_SERVICES = []
    assert ([*url_modules()], [*hot_routes()]) == ([], [])


def test_staff_pages_are_withdrawn_from_every_site(settings: Any, site: AdminSite) -> None:
    kept = labels(site) - {service.label for service in services()}
    settings.SERVED_SERVICES = []
    withdraw_staff_pages()
    assert labels(site) == labels(admin.site) == kept
    assert site.is_registered(Group)


def test_a_project_without_the_admin_has_none_to_withdraw(
    settings: Any, site: AdminSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = labels(site)
    settings.SERVED_SERVICES = []
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "django.contrib.admin")
    withdraw_staff_pages()
    assert labels(site) == every

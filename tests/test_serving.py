"""What a process answers for, as the setting SERVED_SERVICES says."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.sites import AdminSite
from django.contrib.auth.models import Group

from monoservices.apps import served_services, services
from monoservices.express import express_routes
from monoservices.serving import url_modules, withdraw_staff_pages


@pytest.fixture
def site() -> Iterator[AdminSite]:
    """An admin site with all pages that the project has."""
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


def test_what_the_setting_names_is_served_in_the_order_of_the_apps(
    settings: Any,
) -> None:
    settings.SERVED_SERVICES = ["orders", "accounts"]
    assert [service.label for service in served_services()] == ["accounts", "orders"]
    assert [service.label for service in services()] == ["accounts", "products", "orders"]


def test_routes_are_those_of_served_services(settings: Any) -> None:
    assert [*url_modules()] == ["apps.products.urls", "apps.orders.urls"]  # accounts has none
    settings.SERVED_SERVICES = ["products"]
    assert [*url_modules()] == ["apps.products.urls"]
    assert [*express_routes()] == []


def test_staff_pages_are_withdrawn_from_every_site(settings: Any, site: AdminSite) -> None:
    settings.SERVED_SERVICES = ["orders"]
    withdraw_staff_pages()
    assert labels(site) == labels(admin.site) == {"auth", "orders"}
    assert site.is_registered(Group)


def test_a_project_without_the_admin_has_none_to_withdraw(
    settings: Any, site: AdminSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SERVED_SERVICES = []
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "django.contrib.admin")
    withdraw_staff_pages()
    assert labels(site) == {"auth", "accounts", "products", "orders"}

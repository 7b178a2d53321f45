"""The routes and the staff pages of the services that a process serves."""

from collections.abc import Iterator

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from monoservices.services.config import served_services, services


def url_modules() -> Iterator[str]:
    """The dotted names of the `urls` modules of the served services, for `django.urls.include`."""
    for service in served_services():
        if module_has_submodule(service.module, "urls"):
            yield f"{service.name}.urls"


def withdraw_staff_pages() -> None:
    """Remove the pages of services that are not served from every admin site.

    When it becomes ready, Django's admin registers the pages of all installed apps.
    """
    if not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.sites import all_sites

    for service in services():
        if service.is_served:
            continue
        for model in service.get_models(include_auto_created=True):
            for site in all_sites:
                if site.is_registered(model):
                    site.unregister(model)

"""`ServiceConfig`: the declaration that makes a Django app a service."""

from collections.abc import Iterator, Mapping

from django.apps import AppConfig, apps
from django.conf import settings

from monoservices.services.scopes import Scope


class ServiceConfig(AppConfig):
    """A Django app that is a service.

    depends_on: the labels of the services that this one may reach, through its
        `microservice_communication` module.
    scopes: what an API key can be allowed to do here.
    large_bodies: how many bytes a request may have at addresses that take files, by the names of
        their URLs; elsewhere, DATA_UPLOAD_MAX_MEMORY_SIZE. Their views must not read it whole.
    """

    # Django takes an app's config from its `apps` module, where this class is imported too.
    default = False

    depends_on: tuple[str, ...] = ()
    scopes: tuple[Scope, ...] = ()
    large_bodies: Mapping[str, int] = {}

    def __init_subclass__(cls) -> None:
        cls.default = True

    @property
    def is_served(self) -> bool:
        """Whether this process answers for the service: routes, staff pages, scopes.

        A service that is not served is installed because others depend on it, with tables,
        migrations, operations and commands. The setting SERVED_SERVICES has the labels of those
        that are; without it, all are.
        """
        served = getattr(settings, "SERVED_SERVICES", None)
        return served is None or self.label in served


def services() -> Iterator[ServiceConfig]:
    """The installed services, in the order of INSTALLED_APPS."""
    return (config for config in apps.get_app_configs() if isinstance(config, ServiceConfig))


def served_services() -> Iterator[ServiceConfig]:
    """Those of the installed services that this process answers for, in the same order."""
    return (service for service in services() if service.is_served)

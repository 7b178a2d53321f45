"""`ServiceConfig`: the declaration that makes a Django app a service."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.apps import AppConfig, apps
from django.conf import settings

from monoservices.services.scopes import Oversight, Scope


@dataclass(frozen=True, slots=True)
class Books:
    """What must be right in a service's tables, beyond constraints: dotted names of functions.

    audit: yields each discrepancy, whose `str` is a line for people. It is called in a snapshot.
    repair: takes a list of discrepancies, corrects those that it can, and yields lines that say
        what was corrected and what was not. Empty if nothing can be corrected.
    """

    audit: str
    repair: str = ""


class ServiceConfig(AppConfig):
    """A Django app that is a service.

    depends_on: the labels of the services that this one may reach, through its
        `microservice_communication` module.
    scopes: the permissions that an API key can have in this service.
    oversight: the scope and the permission of this service that let their holders see, in every
        service, what others did (`monoservices.services.oversight`).
    large_bodies: the largest request body in bytes, by URL name, for URLs that take files. Other
        URLs take DATA_UPLOAD_MAX_MEMORY_SIZE. These views must read the body in pieces, and must
        require a scope: the ASGI front reads no such body without a key.
    provides: what this service does for others that do not know it, in words that they ask for with
        `is_provided`.
    books: how `manage.py reconcile` checks the tables of the service.
    hashes_passwords: the names of URLs, such as `admin:login`, whose POST requests hash a password.
        The server lets few of them run at a time, so that other requests do not wait for them.
    chores: the dotted paths of functions of this service that the housekeeper calls every second,
        `chore(limit=500) -> int` (`monoservices.housekeeping.chores`).
    """

    # An app's `apps` module imports this class too, and Django must not take it as the config.
    default = False

    depends_on: tuple[str, ...] = ()
    scopes: tuple[Scope, ...] = ()
    oversight: Oversight | None = None
    large_bodies: Mapping[str, int] = {}
    provides: tuple[str, ...] = ()
    books: Books | None = None
    hashes_passwords: tuple[str, ...] = ()
    chores: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        cls.default = True

    @property
    def is_served(self) -> bool:
        """Whether this process has the routes, staff pages and scopes of the service.

        SERVED_SERVICES lists the labels of the served services; without the setting, all are. A
        service that is not served is installed because others depend on it.
        """
        served = getattr(settings, "SERVED_SERVICES", None)
        return served is None or self.label in served


def services() -> Iterator[ServiceConfig]:
    """The installed services, in the order of INSTALLED_APPS."""
    return (config for config in apps.get_app_configs() if isinstance(config, ServiceConfig))


def served_services() -> Iterator[ServiceConfig]:
    """The installed services that this process serves, in the same order."""
    return (service for service in services() if service.is_served)


def is_provided(what: str) -> bool:
    """Whether a service that this process serves provides `what`.

    So a service can ask for what others add to it, and needs to know none of them.
    """
    return any(what in service.provides for service in served_services())

"""Which services a process installs and which of them it serves: for the settings of a project.

Nothing here needs Django to be set up: it is called while the settings are being made, and the
modules that it imports, `apps` of every known service, must not touch models.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured

from monoservices.services.config import ServiceConfig


class Selection(NamedTuple):
    """A part of the known services.

    installed: entries for INSTALLED_APPS, in the order in which they are known.
    served: labels for SERVED_SERVICES, in the same order.
    """

    installed: list[str]
    served: list[str]


def select(
    known: Sequence[str], *, named: Collection[str] = (), platform: Collection[str] = ()
) -> Selection:
    """The services that are named, to be served, and what they depend on, to be installed.

    known: every service of the project, as INSTALLED_APPS would name it.
    named: labels of services; none stands for all. platform: labels of services that every
        selection serves.
    A dependency that is not known is left to `manage.py check`. Raises ImproperlyConfigured where
    a name is not known, and where a known app is no service.
    """
    services = {service.label: service for service in map(_service, known)}
    if unknown := sorted({*named, *platform} - services.keys()):
        raise ImproperlyConfigured(
            f"There is no service named {', '.join(unknown)}. There are: {', '.join(services)}."
        )
    served = {*named, *platform} if named else {*services}
    installed = _with_dependencies(served, services)
    return Selection(
        [entry for entry, label in zip(known, services, strict=True) if label in installed],
        [label for label in services if label in served],
    )


def _with_dependencies(labels: Collection[str], services: Mapping[str, ServiceConfig]) -> set[str]:
    """The labels, and those of all that these services depend on, directly or not."""
    found: set[str] = set()
    waiting = [*labels]
    while waiting:
        label = waiting.pop()
        if label in services and label not in found:
            found.add(label)
            waiting.extend(services[label].depends_on)
    return found


def _service(entry: str) -> ServiceConfig:
    """The config that Django would take for this entry of INSTALLED_APPS."""
    config = AppConfig.create(entry)
    if not isinstance(config, ServiceConfig):
        raise ImproperlyConfigured(
            f"{entry} is no service: the config in its apps.py does not derive from ServiceConfig."
        )
    return config

"""Selects the services that a process installs and serves, for the settings of a project.

The settings call this before Django is set up, so it imports only the `apps` module of every known
service, and these modules must not import models.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured

from monoservices.services.config import ServiceConfig
from monoservices.services.scopes import Oversight


class Selection(NamedTuple):
    """The selected services, in the order of the known services.

    installed: entries for INSTALLED_APPS. served: labels for SERVED_SERVICES.
    oversight: for OVERSIGHT, of all known services: keys and staff see the same in every process.
    """

    installed: list[str]
    served: list[str]
    oversight: tuple[Oversight, ...] = ()


def select(
    known: Sequence[str], *, named: Collection[str] = (), platform: Collection[str] = ()
) -> Selection:
    """Serve the named services, and install them with everything that they depend on.

    known: every service of the project, as INSTALLED_APPS would name it.
    named: labels of services; empty means all. platform: labels of services that every selection
        serves.
    An unknown dependency is left to `manage.py check`. Raises ImproperlyConfigured for an unknown
    name, and for a known app that is not a service.
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
        tuple(each.oversight for each in services.values() if each.oversight),
    )


def _with_dependencies(labels: Collection[str], services: Mapping[str, ServiceConfig]) -> set[str]:
    """The labels, with the labels of all direct and indirect dependencies."""
    found: set[str] = set()
    waiting = [*labels]
    while waiting:
        label = waiting.pop()
        if label in services and label not in found:
            found.add(label)
            waiting.extend(services[label].depends_on)
    return found


def _service(entry: str) -> ServiceConfig:
    """The config that Django would use for this entry of INSTALLED_APPS."""
    config = AppConfig.create(entry)
    if not isinstance(config, ServiceConfig):
        raise ImproperlyConfigured(
            f"{entry} is not a service: the config in its apps.py must be a ServiceConfig."
        )
    return config

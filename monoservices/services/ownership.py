"""Which service a module, a model or a table belongs to."""

from django.db.models import Model

from monoservices.services.config import ServiceConfig, services

COMMUNICATION = "microservice_communication"
"""The only module of a service that touches another service."""


def service_of_module(name: str) -> ServiceConfig | None:
    """The installed service that contains the module with this dotted name; None if none does."""
    owners = [each for each in services() if f"{name}.".startswith(f"{each.name}.")]
    return max(owners, key=lambda each: len(each.name), default=None)


def service_of_model(model: type[Model]) -> ServiceConfig | None:
    """The service that the model belongs to; None for a model of an app that is no service."""
    return next((each for each in services() if each.label == model._meta.app_label), None)


def table_owners() -> dict[str, ServiceConfig]:
    """The owner of every table of a service, with the tables between many-to-many models.

    A proxy or an unmanaged model does not take its table from the service that manages the table.
    """
    owners: dict[str, ServiceConfig] = {}
    for service in services():
        for model in service.get_models(include_auto_created=True):
            if model._meta.managed and not model._meta.proxy:
                owners[model._meta.db_table] = service
            else:
                owners.setdefault(model._meta.db_table, service)
    return owners


def part_of(name: str, service: ServiceConfig) -> str:
    """The first name of a module below its service: `views`, `tests`; "" for the package itself."""
    return name.removeprefix(service.name).lstrip(".").partition(".")[0]


def is_test_name(name: str) -> bool:
    """Whether a module or package with this name, without dots, belongs to tests."""
    return name in {"tests", "conftest"} or name.startswith("test_")

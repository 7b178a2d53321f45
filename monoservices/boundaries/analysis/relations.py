"""The relations of a service's models, and the services at their other end."""

from collections.abc import Iterator
from typing import Any

from django.db.models import ManyToManyField, Model

from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import service_of_model


def relations(model: type[Model]) -> list[Any]:
    """The fields by which a model itself points at others. Inherited fields are not its own."""
    meta = model._meta
    return [
        *(field for field in meta.local_fields if field.remote_field),
        *meta.local_many_to_many,
        *(field for field in meta.private_fields if is_generic_relation(field)),
    ]


def targets(field: Any) -> list[type[Model]]:
    """The model that a field points at, and the model of the rows between, if there is one."""
    through = field.remote_field.through if isinstance(field, ManyToManyField) else None
    models = [field.remote_field.model, through]
    return [each for each in models if isinstance(each, type)]


def crossing_relations(
    service: ServiceConfig,
) -> Iterator[tuple[type[Model], Any, ServiceConfig]]:
    """Model, field and other service for each relation that leaves the service."""
    for model in service.get_models():
        for field in relations(model):
            owners = {service_of_model(target) for target in targets(field)} - {None, service}
            for other in sorted(filter(None, owners), key=lambda each: each.label):
                yield model, field, other


def is_generic_relation(field: Any) -> bool:
    """Whether it is a GenericRelation, whose module needs contenttypes to be installed."""
    return hasattr(field, "content_type_field_name")

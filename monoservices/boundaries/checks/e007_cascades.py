"""E007: a relation makes one service write the rows of another."""

from collections.abc import Iterator
from typing import Any

from django.db.models import DO_NOTHING, PROTECT, RESTRICT, ManyToManyField

from monoservices.boundaries.analysis.places import where
from monoservices.boundaries.analysis.relations import crossing_relations, is_generic_relation
from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import service_of_model

_HINT = (
    "Set on_delete to PROTECT, RESTRICT or DO_NOTHING. Give a ManyToManyField a through model of"
    " your own with such keys. Replace a GenericRelation, inheritance or a proxy by a foreign key."
)


@rule("E007")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """Deleting or saving a row in one service changes no row of another."""
    for model, field, other in crossing_relations(service):
        if reason := _writes_across(service, field):
            yield Finding(
                other.label,
                *where(model, field.name),
                f"{model._meta.label}.{field.name} of {service.label} {reason} {other.label}.",
                _HINT,
            )
    for model in service.get_models():
        owner = service_of_model(model._meta.concrete_model or model)
        if owner and owner is not service:
            yield Finding(
                owner.label,
                *where(model),
                f"{model._meta.label} of {service.label} is a proxy for a model of {owner.label}.",
                _HINT,
            )


def _writes_across(service: ServiceConfig, field: Any) -> str:
    """How the relation lets one service write the other's rows; "" if it does not."""
    if is_generic_relation(field):
        return "deletes, along with its own rows, rows of"
    if isinstance(field, ManyToManyField):
        through: Any = field.remote_field.through
        if through._meta.auto_created:
            return "loses its rows when a row is deleted in"
        return "" if service_of_model(through) is service else "adds rows to a table of"
    if field.remote_field.parent_link:
        return "inherits from, and so writes, the table of a model of"
    if field.remote_field.on_delete in {DO_NOTHING, PROTECT, RESTRICT}:
        return ""
    return "deletes or changes its rows when a row is deleted in"

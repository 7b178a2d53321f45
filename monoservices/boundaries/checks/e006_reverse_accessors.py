"""E006: a relation adds a name to a model of another service."""

from collections.abc import Iterator
from typing import Any

from monoservices.boundaries.analysis.places import where
from monoservices.boundaries.analysis.relations import crossing_relations, is_generic_relation
from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig


@rule("E006")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """A relation is invisible from the other side."""
    for model, field, other in crossing_relations(service):
        if names := _names_there(field):
            yield Finding(
                other.label,
                *where(model, field.name),
                f"{model._meta.label}.{field.name} of {service.label} gives the model of"
                f" {other.label} the name {' and '.join(names)}.",
                'Set related_name="+", and no related_query_name. Code on the other side asks'
                f" {service.label} for these rows by id.",
            )


def _names_there(field: Any) -> list[str]:
    """The names of the relation on the other side: an attribute, and a name in look-ups."""
    if is_generic_relation(field) or field.remote_field.hidden:
        remote = [field.remote_field.related_query_name]
    else:
        remote = [field.remote_field.get_accessor_name(), field.related_query_name()]
    return sorted({each for each in remote if each and not each.endswith("+")})

"""E003: a service declares a dependency that it does not use."""

from collections.abc import Iterator

from monoservices.boundaries.analysis.imports import imported_services
from monoservices.boundaries.analysis.places import where
from monoservices.boundaries.analysis.relations import crossing_relations
from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig


@rule("E003")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """`depends_on` names only services that the communication module or a relation reaches."""
    used = {other for _, _, other in imported_services(service)}
    used |= {other.label for _, _, other in crossing_relations(service)}
    for other in service.depends_on:
        if other not in used:
            yield Finding(
                other,
                *where(type(service), "depends_on"),
                f"{service.label} declares to depend on {other}, but does not use it.",
                f'Remove "{other}" from depends_on. Neither the communication module of'
                f" {service.label} nor a relation of its models reaches {other}.",
            )

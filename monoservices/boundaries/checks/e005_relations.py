"""E005: a relation points at a service that is not declared."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model

from monoservices.boundaries.analysis.places import where
from monoservices.boundaries.analysis.relations import crossing_relations
from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig


@rule("E005")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """A relation goes to a declared service, or to a model that a setting names."""
    for model, field, other in crossing_relations(service):
        if other.label not in service.depends_on and not field.swappable_setting:
            yield Finding(
                other.label,
                *where(model, field.name),
                f"{model._meta.label}.{field.name} of {service.label} points at {other.label}, but"
                f" {service.label} does not declare to depend on {other.label}.",
                f'Add "{other.label}" to depends_on of {type(service).__name__}, or keep the id in'
                " a plain integer field.",
            )
    for model in service.get_models():
        for field in model._meta.private_fields:
            if hasattr(field, "ct_field"):  # GenericForeignKey, which cannot always be imported
                yield from _generic(service, model, field)


def _generic(service: ServiceConfig, model: type[Model], field: Any) -> Iterator[Finding]:
    """A generic key must limit its content types to the service and to declared services."""
    content_type = next((each for each in model._meta.fields if each.name == field.ct_field), None)
    limit = getattr(content_type and content_type.remote_field, "limit_choices_to", None)
    limit = limit if isinstance(limit, dict) else {}
    allowed = {service.label, *service.depends_on}
    labels = {limit.get("app_label"), *limit.get("app_label__in", ())} - {None}
    if labels and labels <= allowed:
        return
    other = ", ".join(sorted(labels - allowed)) or "any service"
    yield Finding(
        other,
        *where(model, field.name),
        f"{model._meta.label}.{field.name} of {service.label} can point at {other}.",
        "Use a foreign key for each kind of target, or limit the content types:"
        f' limit_choices_to={{"app_label": "{service.label}"}} on {field.ct_field}.',
    )

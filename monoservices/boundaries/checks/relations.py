"""E005, E006, E007: what a model's relations to other services' models bring with them."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.db.models import DO_NOTHING, PROTECT, RESTRICT, ManyToManyField, Model

from monoservices.boundaries.analysis.places import where
from monoservices.boundaries.checks.violations import Violation
from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import service_of_model

UNDECLARED, REVERSE, CASCADE = "E005", "E006", "E007"

_HARMLESS = (DO_NOTHING, PROTECT, RESTRICT)
"""What a relation may do on_delete: refuse, or leave it to the database to refuse."""
_CASCADE_HINT = (
    "Set on_delete to PROTECT, RESTRICT or DO_NOTHING. Give a ManyToManyField a through model of"
    " your own with such keys; instead of a GenericRelation, of inheritance or of a proxy,"
    " use a foreign key."
)


def check(services: Sequence[ServiceConfig]) -> Iterator[Violation]:
    """A relation goes to a declared service, is invisible there, and never writes across."""
    for service in services:
        for model in service.get_models():
            yield from _proxy(service, model)
            for field in relations(model):
                for other in sorted(_others(service, field), key=lambda each: each.label):
                    yield from _violations(service, other, model, field)
            for field in model._meta.private_fields:
                if isinstance(field, GenericForeignKey):
                    yield from _generic(service, model, field)


def relations(model: type[Model]) -> list[Any]:
    """The fields by which a model itself points at others; those it inherits are their owner's."""
    meta = model._meta
    generic = [field for field in meta.private_fields if isinstance(field, GenericRelation)]
    return [field for field in meta.local_fields if field.remote_field] + [
        *meta.local_many_to_many,
        *generic,
    ]


def targets(field: Any) -> list[type[Model]]:
    """The model that a field points at, and the one with the rows between."""
    through = field.remote_field.through if isinstance(field, ManyToManyField) else None
    models = [field.remote_field.model, through]
    return [each for each in models if isinstance(each, type)]


def _others(service: ServiceConfig, field: Any) -> set[ServiceConfig]:
    owners = {service_of_model(model) for model in targets(field)}
    return {each for each in owners if each and each is not service}


def _violations(
    service: ServiceConfig, other: ServiceConfig, model: type[Model], field: Any
) -> Iterator[Violation]:
    def violation(rule: str, what: str, hint: str) -> Violation:
        path, line = where(model, field.name)
        name = f"{model._meta.label}.{field.name} of {service.label}"
        return Violation(rule, service.label, other.label, path, line, f"{name} {what}", hint)

    if other.label not in service.depends_on and not field.swappable_setting:
        yield violation(
            UNDECLARED,
            f"points at {other.label}, on which {service.label} does not declare to depend.",
            f'Add "{other.label}" to depends_on of {type(service).__name__}, or keep the id in a'
            " plain integer field.",
        )
    if names := _names_there(field):
        yield violation(
            REVERSE,
            f"gives the model of {other.label} the name {' and '.join(names)}.",
            'Set related_name="+", and no related_query_name. Who needs the rows from the other'
            f" side asks {service.label} for them by id.",
        )
    if reason := _writes_across(service, field):
        yield violation(CASCADE, f"{reason} {other.label}.", _CASCADE_HINT)


def _names_there(field: Any) -> list[str]:
    """What the other side can reach the field's rows by: an attribute, a name in look-ups."""
    if isinstance(field, GenericRelation) or field.remote_field.hidden:
        remote = [field.remote_field.related_query_name]
    else:
        remote = [field.remote_field.get_accessor_name(), field.related_query_name()]
    return sorted({each for each in remote if each and not each.endswith("+")})


def _writes_across(service: ServiceConfig, field: Any) -> str:
    """How the relation lets one service write the other's rows; "" where it does not."""
    if isinstance(field, GenericRelation):
        return "deletes, along with its own rows, rows of"
    if isinstance(field, ManyToManyField):
        through: Any = field.remote_field.through
        if through._meta.auto_created:
            return "loses its rows when a row is deleted in"
        return "" if service_of_model(through) is service else "adds rows to a table of"
    if field.remote_field.parent_link:
        return "inherits from, and so writes, the table of a model of"
    if field.remote_field.on_delete in _HARMLESS:
        return ""
    return "deletes or changes its rows when a row is deleted in"


def _proxy(service: ServiceConfig, model: type[Model]) -> Iterator[Violation]:
    concrete: type[Model] | None = model._meta.concrete_model
    other = service_of_model(concrete) if concrete else None
    if other and other is not service:
        path, line = where(model)
        what = f"{model._meta.label} of {service.label} is a proxy for a model of {other.label}."
        yield Violation(CASCADE, service.label, other.label, path, line, what, _CASCADE_HINT)


def _generic(
    service: ServiceConfig, model: type[Model], field: GenericForeignKey
) -> Iterator[Violation]:
    """A generic key is one of E005, unless its content types are limited to declared services."""
    content_type = next((each for each in model._meta.fields if each.name == field.ct_field), None)
    limit = getattr(content_type and content_type.remote_field, "limit_choices_to", None)
    limit = limit if isinstance(limit, dict) else {}
    allowed = {service.label, *service.depends_on}
    labels = {limit.get("app_label"), *limit.get("app_label__in", ())} - {None}
    if labels and labels <= allowed:
        return
    path, line = where(model, field.name)
    other = ", ".join(sorted(labels - allowed)) or "any service"
    yield Violation(
        UNDECLARED,
        service.label,
        other,
        path,
        line,
        f"{model._meta.label}.{field.name} of {service.label} can point at {other}.",
        "Use a foreign key for each kind of target, or limit the content types:"
        f' limit_choices_to={{"app_label": "{service.label}"}} on {field.ct_field}.',
    )

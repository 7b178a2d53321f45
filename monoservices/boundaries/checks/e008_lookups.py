"""E008: a look-up goes over a relation into another service."""

from collections.abc import Iterator, Sequence

from django.db.models import ForeignObject, ManyToManyField, Model

from monoservices.boundaries.analysis.loaded import AnyField, field_of
from monoservices.boundaries.analysis.names import code
from monoservices.boundaries.analysis.queries import lookups
from monoservices.boundaries.analysis.query_words import Kind, Lookup
from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig, services
from monoservices.services.ownership import service_of_model
from monoservices.services.source import Module


@rule("E008")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """A query reads its own service's columns; of a relation to another service, only the key.

    The model that a query starts from is not always known. Then it may be any model of the
    service, and one from which the look-up leaves the service is enough.
    """
    for names in code(service):
        for lookup in lookups(names):
            is_free = not lookup.starts and names.module.is_communication
            if is_free and _stays_elsewhere(service, lookup):
                continue
            starts = lookup.starts or service.get_models()
            for start in sorted(starts, key=lambda model: model._meta.label):
                if target := reached_by(start, lookup, service):
                    yield _finding(names.module, lookup, start, target)
                    break


def reached_by(start: type[Model], lookup: Lookup, service: ServiceConfig) -> type[Model] | None:
    """The first model of another service whose rows the look-up reads, if there is one.

    A model of the same service as `start` does not count.
    """
    if lookup.kind is Kind.ALL:
        return next(_joined(start, service), None)
    model, steps = start, lookup.text.split("__")
    for position, step in enumerate(steps, start=1):
        field = field_of(model, step, accessors=lookup.kind is Kind.OBJECT)
        if not (field and field.is_relation and isinstance(field.related_model, type)):
            return None
        target = field.related_model
        if _is_other(target, start, service):
            return target if _reads(field, target, step, steps[position:], lookup.kind) else None
        model = target
    return None


def _joined(start: type[Model], service: ServiceConfig) -> Iterator[type[Model]]:
    """The models of other services that `select_related()` without arguments joins."""
    for field in start._meta.fields:
        target = field.related_model
        if isinstance(target, type) and not field.null and _is_other(target, start, service):
            yield target


def _is_other(model: type[Model], start: type[Model], service: ServiceConfig) -> bool:
    return service_of_model(model) not in {None, service, service_of_model(start)}


def _reads(
    field: AnyField, target: type[Model], step: str, rest: Sequence[str], kind: Kind
) -> bool:
    """Whether a look-up that reaches `target` by `field` reads more than the key."""
    if not isinstance(field, ForeignObject | ManyToManyField) or not field.concrete:
        return True  # the key is in the other service's table
    if not rest:
        reads_row = kind is Kind.OBJECT or (kind is Kind.ORDER and bool(target._meta.ordering))
        return reads_row and step == field.name
    key = field.target_field
    if rest[0] in {key.name, key.attname} or (rest[0] == "pk" and key.primary_key):
        return kind is Kind.OBJECT
    return bool(field_of(target, rest[0])) or field.get_lookup(rest[0]) is None


def _stays_elsewhere(service: ServiceConfig, lookup: Lookup) -> bool:
    """Whether the look-up may stay within a service that this one depends on."""
    first = lookup.text.partition("__")[0]
    return any(
        field_of(model, first) and reached_by(model, lookup, owner) is None
        for owner in services()
        if owner.label in service.depends_on
        for model in owner.get_models()
    )


def _finding(module: Module, lookup: Lookup, start: type[Model], target: type[Model]) -> Finding:
    service, other = module.service.label, target._meta.app_label
    shown = f'"{lookup.text}"' if lookup.text else "select_related()"
    return Finding(
        other,
        module.shown_path,
        lookup.line,
        f"{service} looks up {shown}, which goes from {start._meta.label} into"
        f" {target._meta.label} of {other}.",
        f"Read the key, such as `product_id`, and ask {other} for the rest by a function in"
        f" microservice_communication.py of {service}.",
    )

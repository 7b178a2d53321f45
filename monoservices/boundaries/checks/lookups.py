"""E008: a look-up goes over a relation into another service."""

from collections.abc import Iterator, Sequence

from django.db.models import ForeignObject, ManyToManyField, Model

from monoservices.boundaries.analysis.loaded import AnyField, field_of
from monoservices.boundaries.analysis.names import code
from monoservices.boundaries.analysis.queries import Lookup, lookups
from monoservices.boundaries.analysis.query_words import Kind
from monoservices.boundaries.analysis.source import Module
from monoservices.boundaries.checks.violations import Violation
from monoservices.services.config import ServiceConfig, services
from monoservices.services.ownership import service_of_model

LOOKUP = "E008"


def check(checked: Sequence[ServiceConfig]) -> Iterator[Violation]:
    """What a service asks the database for is its own: of a relation that leaves it, the key.

    The type of what a query is made from is not always known. Then it may start from any model of
    the service, and one from which it leaves the service is enough.
    """
    for service in checked:
        for names in code(service):
            for lookup in lookups(names):
                yield from _violations(names.module, lookup)


def _violations(module: Module, lookup: Lookup) -> Iterator[Violation]:
    starts = lookup.starts or set(module.service.get_models())
    if not lookup.starts and module.is_communication and _is_of_others(module.service, lookup):
        return
    for start in sorted(starts, key=lambda model: model._meta.label):
        other = left_for(start, lookup, module.service)
        if other:
            yield _violation(module, lookup, start, other)
            return


def left_for(start: type[Model], lookup: Lookup, service: ServiceConfig) -> type[Model] | None:
    """The first model of another service whose rows the look-up reads, if it reads any.

    Those that belong to the same service as `start` are no others.
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
    """The models of other services that `select_related()` without arguments goes to."""
    for field in start._meta.fields:
        target = field.related_model
        if isinstance(target, type) and not field.null and _is_other(target, start, service):
            yield target


def _is_other(model: type[Model], start: type[Model], service: ServiceConfig) -> bool:
    return service_of_model(model) not in {None, service, service_of_model(start)}


def _reads(
    field: AnyField, target: type[Model], step: str, rest: Sequence[str], kind: Kind
) -> bool:
    """Whether a look-up that comes to `target` by `field` reads more than the key."""
    if not isinstance(field, ForeignObject | ManyToManyField) or not field.concrete:
        return True  # the key is in the other service's table
    if not rest:
        reads_row = kind is Kind.OBJECT or (kind is Kind.ORDER and bool(target._meta.ordering))
        return reads_row and step == field.name
    key = field.target_field
    if rest[0] in {key.name, key.attname} or (rest[0] == "pk" and key.primary_key):
        return kind is Kind.OBJECT
    return bool(field_of(target, rest[0])) or field.get_lookup(rest[0]) is None


def _is_of_others(service: ServiceConfig, lookup: Lookup) -> bool:
    """Whether a service that this one depends on has such a look-up within itself."""
    first = lookup.text.partition("__")[0]
    return any(
        field_of(model, first) and left_for(model, lookup, owner) is None
        for owner in map(_service, service.depends_on)
        if owner
        for model in owner.get_models()
    )


def _service(label: str) -> ServiceConfig | None:
    return next((each for each in services() if each.label == label), None)


def _violation(
    module: Module, lookup: Lookup, start: type[Model], target: type[Model]
) -> Violation:
    service, owner = module.service.label, service_of_model(target)
    other = owner.label if owner else ""
    shown = f'"{lookup.text}"' if lookup.text else "select_related()"
    return Violation(
        id=LOOKUP,
        service=service,
        other=other,
        path=module.shown_path,
        line=lookup.line,
        what=f"{service} looks up {shown}, which goes from {start._meta.label} into"
        f" {target._meta.label} of {other}.",
        hint=f"Read the key, such as `product_id`, and ask {other} for the rest by a function in"
        f" microservice_communication.py of {service}.",
    )

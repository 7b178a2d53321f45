"""E016: a communication module names a column of another service that it does not state."""

from collections.abc import Iterator, Sequence

from django.db.models import Field, ForeignObjectRel, Model

from monoservices.boundaries.analysis.loaded import field_of
from monoservices.boundaries.analysis.names import names
from monoservices.boundaries.analysis.queries import lookups
from monoservices.boundaries.analysis.source import Module, communication
from monoservices.boundaries.checks.contracts import INCOMPLETE, contracts
from monoservices.boundaries.checks.violations import Violation
from monoservices.services.config import ServiceConfig
from monoservices.services.contracts import RELIES_ON
from monoservices.services.ownership import service_of_model


def check(services: Sequence[ServiceConfig]) -> Iterator[Violation]:
    """What look-ups name is stated, as far as they are constants and say what they start from."""
    for service in services:
        stated = {model: {*each.types} for model, each in contracts(service).items()}
        for module in communication(service):
            for lookup in lookups(names(module)):
                for start in sorted(lookup.starts, key=lambda model: model._meta.label):
                    for field in columns(start, lookup.text):
                        owner = service_of_model(field.model)
                        known = stated.get(field.model, set())
                        if owner not in {None, service} and not known & {field.name, field.attname}:
                            yield _violation(module, field, lookup.line)


def columns(start: type[Model], lookup: str) -> Iterator["Field[object, object]"]:
    """The columns that a look-up reads, those by which it goes from table to table included."""
    model = start
    for step in lookup.split("__"):
        field = field_of(model, step)
        column = field.remote_field if isinstance(field, ForeignObjectRel) else field
        if isinstance(column, Field) and column.concrete and not column.many_to_many:
            yield column
        if not (field and field.is_relation and isinstance(field.related_model, type)):
            return
        model = field.related_model


def _violation(module: Module, field: "Field[object, object]", line: int) -> Violation:
    service, other = module.service.label, field.model._meta.app_label
    column = f"{field.model._meta.label}.{field.attname}"
    return Violation(
        id=INCOMPLETE,
        service=service,
        other=other,
        path=module.shown_path,
        line=line,
        what=f"{service} reads {column}, and does not say so to {other}.",
        hint=f"State the column in {RELIES_ON} of the communication module, so that who changes it"
        " is told.",
    )

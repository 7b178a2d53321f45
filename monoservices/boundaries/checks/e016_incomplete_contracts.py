"""E016: a column contract is malformed, or leaves out a column that the module reads."""

from collections.abc import Iterator

from django.db.models import Field, ForeignObjectRel, Model

from monoservices.boundaries.analysis.contracts import contracts, judged_contracts, place_of
from monoservices.boundaries.analysis.loaded import field_of
from monoservices.boundaries.analysis.names import names
from monoservices.boundaries.analysis.queries import lookups
from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig
from monoservices.services.contracts import RELIES_ON
from monoservices.services.ownership import service_of_model
from monoservices.services.source import Module, communication_sources


@rule("E016")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """RELIES_ON states every column that a constant look-up of a known model names."""
    for stated, problem in judged_contracts(service):
        if problem:
            model = getattr(stated, "model", "")
            model = model if isinstance(model, str) else ""
            yield Finding(
                model.partition(".")[0],
                *place_of(service, model),
                f"{RELIES_ON} of {service.label}: {stated!r} {problem}.",
                f'Write {RELIES_ON} = (Columns("label.Model", column=type), …), with models of'
                " services in depends_on, and with `type | None` for a column that may be NULL.",
            )
    known = {model: {*columns.types} for model, columns in contracts(service).items()}
    for module in communication_sources(service):
        for lookup in lookups(names(module)):
            for start in sorted(lookup.starts, key=lambda model: model._meta.label):
                for field in _columns(start, lookup.text):
                    is_stated = known.get(field.model, set()) & {field.name, field.attname}
                    if service_of_model(field.model) not in {None, service} and not is_stated:
                        yield _not_stated(module, field, lookup.line)


def _columns(start: type[Model], lookup: str) -> Iterator["Field[object, object]"]:
    """The columns that a look-up reads, with those that join one table to the next."""
    model = start
    for step in lookup.split("__"):
        field = field_of(model, step)
        column = field.remote_field if isinstance(field, ForeignObjectRel) else field
        if isinstance(column, Field) and column.concrete and not column.many_to_many:
            yield column
        if not (field and field.is_relation and isinstance(field.related_model, type)):
            return
        model = field.related_model


def _not_stated(module: Module, field: "Field[object, object]", line: int) -> Finding:
    service, other = module.service.label, field.model._meta.app_label
    column = f"{field.model._meta.label}.{field.attname}"
    return Finding(
        other,
        module.shown_path,
        line,
        f"{service} reads {column}, but {RELIES_ON} does not tell {other} so.",
        f"State the column in {RELIES_ON} of the communication module, so that whoever changes it"
        " is warned.",
    )

"""E015: a column that a communication module relies on is missing or has another type."""

from collections.abc import Iterator

from django.db.models import Field

from monoservices.boundaries.analysis.column_types import column_type, is_of
from monoservices.boundaries.analysis.contracts import contracts, place_of
from monoservices.boundaries.analysis.loaded import field_of
from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig
from monoservices.services.contracts import shown


@rule("E015")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """Whoever changes a column learns which service relies on it, before any query runs."""
    for model, columns in contracts(service).items():
        other = model._meta.app_label
        for name, stated in columns.types.items():
            if problem := _problem(field_of(model, name), stated, other):
                yield Finding(
                    other,
                    *place_of(service, columns.model, name),
                    f"{service.label} relies on {columns.model}.{name}, and {problem}.",
                    f"Leave the column of {other} unchanged until {service.label} no longer relies"
                    " on it. Then change this line and the code that reads the column.",
                )


def _problem(field: object, stated: object, other: str) -> str:
    """How the column differs from what is stated; "" if it does not."""
    if not isinstance(field, Field) or not field.concrete or field.many_to_many:
        return f"{other} has no such column"
    if is_of(stated, field):
        return ""
    actual = column_type(field)
    there = shown(actual) if actual else "NULL" if field.null else "never NULL"
    return f"in {other} it is {there}, not {shown(stated)}"

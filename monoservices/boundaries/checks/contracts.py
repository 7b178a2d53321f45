"""E015, E016: the columns that a communication module states are there, as it states them.

`services.contracts.Columns` says how they are stated; `contract_use` finds those that are not.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Field, Model

from monoservices.boundaries.analysis.column_types import column_type, is_of, is_type
from monoservices.boundaries.analysis.loaded import field_of
from monoservices.boundaries.analysis.source import communication
from monoservices.boundaries.checks.violations import Violation
from monoservices.services.config import ServiceConfig
from monoservices.services.contracts import RELIES_ON, Columns, shown
from monoservices.services.crossings import communication_module
from monoservices.services.ownership import service_of_model

BROKEN = "E015"
INCOMPLETE = "E016"


def check(services: Sequence[ServiceConfig]) -> Iterator[Violation]:
    """Whoever changes a column is told who relies on it, before any query runs."""
    for service in services:
        module = communication_module(service)
        stated = getattr(module, RELIES_ON, ())
        if not isinstance(stated, tuple | list):
            yield _malformed(service, stated, "is no tuple of Columns")
            continue
        seen = set()
        for each in stated:
            if not isinstance(each, Columns):
                yield _malformed(service, each, "is not made by Columns")
            elif problem := _problem(service, each):
                yield _malformed(service, each, problem)
            elif each.model.lower() in seen:
                yield _malformed(service, each, "names a model a second time")
            else:
                seen.add(each.model.lower())
                yield from _compare(service, each, apps.get_model(each.model))


def contracts(service: ServiceConfig) -> dict[type[Model], Columns]:
    """What the service states, by model, without what is malformed."""
    stated = getattr(communication_module(service), RELIES_ON, ())
    return {
        apps.get_model(each.model): each
        for each in (stated if isinstance(stated, tuple | list) else ())
        if isinstance(each, Columns) and not _problem(service, each)
    }


def _problem(service: ServiceConfig, columns: Columns) -> str:
    """Why the statement says nothing; "" where it does."""
    try:
        model = apps.get_model(columns.model)
    except (AttributeError, LookupError, TypeError, ValueError):
        return "names no model that is installed, as `label.Model`"
    owner = service_of_model(model)
    if owner is None or owner.label not in service.depends_on:
        return f"names a model of {model._meta.app_label}, which {service.label} does not depend on"
    for name, type_ in columns.types.items():
        if not is_type(type_):
            return f"gives {name} no type: {type_!r}"
    return ""


def _malformed(service: ServiceConfig, stated: object, problem: str) -> Violation:
    model = getattr(stated, "model", "")
    model = model if isinstance(model, str) else ""
    place = _place(service, model)
    return Violation(
        id=INCOMPLETE,
        service=service.label,
        other=model.partition(".")[0],
        path=place.path,
        line=place.line,
        what=f"{RELIES_ON} of {service.label}: {stated!r} {problem}.",
        hint=f'Write {RELIES_ON} = (Columns("label.Model", column=type), …), with models of'
        " services in depends_on, and `type | None` where a column may be NULL.",
    )


def _compare(service: ServiceConfig, columns: Columns, model: type[Model]) -> Iterator[Violation]:
    other = model._meta.app_label
    for name, stated in columns.types.items():
        field = field_of(model, name)
        if not isinstance(field, Field) or not field.concrete or field.many_to_many:
            problem = f"{other} has no such column"
        elif not is_of(stated, field):
            actual = column_type(field)
            there = shown(actual) if actual else "NULL" if field.null else "never NULL"
            problem = f"in {other} it is {there}, not {shown(stated)}"
        else:
            continue
        place = _place(service, columns.model, name)
        yield Violation(
            id=BROKEN,
            service=service.label,
            other=other,
            path=place.path,
            line=place.line,
            what=f"{service.label} relies on {columns.model}.{name}, and {problem}.",
            hint=f"Leave the column of {other} as it was until {service.label} no longer relies on"
            f" it; then change both this line and what reads the column.",
        )


@dataclass(frozen=True)
class _Place:
    path: str
    line: int


def _place(service: ServiceConfig, model: str, name: str = "") -> _Place:
    """Where a model or a column of it is stated; else where RELIES_ON is, or would be."""
    modules = communication(service)
    for module in modules:
        for node in module.tree.body:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id="RELIES_ON")], value=value)
                    | ast.AnnAssign(target=ast.Name(id="RELIES_ON"), value=ast.expr() as value)
                ):
                    return _Place(module.shown_path, _line(value, model, name))
    return _Place(modules[0].shown_path if modules else service.name, 1)


def _line(stated: ast.expr, model: str, name: str) -> int:
    for node in ast.walk(stated):
        match node:
            case ast.Call(args=[ast.Constant(value=value), *_], keywords=keywords) if (
                value == model
            ):
                lines = [each.lineno for each in keywords if each.arg == name]
                return next(iter(lines), node.lineno)
    return stated.lineno

"""The column contracts that communication modules state, and where they state them."""

import ast
from collections.abc import Iterator

from django.apps import apps
from django.db.models import Model

from monoservices.boundaries.analysis.column_types import is_type
from monoservices.services.config import ServiceConfig
from monoservices.services.contracts import RELIES_ON, Columns
from monoservices.services.crossings import communication_module
from monoservices.services.ownership import service_of_model
from monoservices.services.source import Definition, communication_sources


def contracts(service: ServiceConfig) -> dict[type[Model], Columns]:
    """The well-formed contracts of the service, by model; the first one for each model."""
    found: dict[type[Model], Columns] = {}
    for stated, problem in judged_contracts(service):
        if isinstance(stated, Columns) and not problem:
            found.setdefault(apps.get_model(stated.model), stated)
    return found


def judged_contracts(service: ServiceConfig) -> Iterator[tuple[object, str]]:
    """Each entry of RELIES_ON with what is wrong with its form; "" if nothing is."""
    stated = getattr(communication_module(service), RELIES_ON, ())
    if not isinstance(stated, tuple | list):
        yield stated, "is not a tuple of Columns"
        return
    seen = set()
    for each in stated:
        if not isinstance(each, Columns):
            yield each, "is not made by Columns"
        elif problem := _problem(service, each):
            yield each, problem
        elif each.model.lower() in seen:
            yield each, "names a model a second time"
        else:
            seen.add(each.model.lower())
            yield each, ""


def place_of(service: ServiceConfig, model: str, name: str = "") -> tuple[str, int]:
    """Where RELIES_ON states a model, or a column of it; else where RELIES_ON is or would be."""
    modules = communication_sources(service)
    for module in modules:
        if stated := module.definitions.get(RELIES_ON):
            return module.shown_path, _line(stated, model, name)
    return modules[0].shown_path if modules else service.name, 1


def _problem(service: ServiceConfig, columns: Columns) -> str:
    try:
        model = apps.get_model(columns.model)
    except (AttributeError, LookupError, TypeError, ValueError):
        return "does not name an installed model as `label.Model`"
    owner = service_of_model(model)
    if owner is None or owner.label not in service.depends_on:
        return f"names a model of {model._meta.app_label}, which {service.label} does not depend on"
    for name, type_ in columns.types.items():
        if not is_type(type_):
            return f"gives {name} no type: {type_!r}"
    return ""


def _line(stated: Definition, model: str, name: str) -> int:
    for node in ast.walk(stated):
        match node:
            case ast.Call(args=[ast.Constant(value=value), *_]) if value == model:
                return next(
                    (each.lineno for each in node.keywords if each.arg == name), node.lineno
                )
    return stated.lineno

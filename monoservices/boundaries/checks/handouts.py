"""E014: a communication module hands out models, their rows or QuerySets."""

import ast
import inspect
from collections.abc import Iterator, Sequence
from types import FunctionType, ModuleType
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.manager import BaseManager

from monoservices.boundaries.analysis.annotations import UNKNOWN, handed_by, owner_of, returned_by
from monoservices.boundaries.analysis.source import communication
from monoservices.boundaries.checks.violations import Violation
from monoservices.services.config import ServiceConfig
from monoservices.services.crossings import callees, communication_module, public_functions

HANDOUT = "E014"

_HINT = (
    "Return frozen structs (msgspec.Struct with frozen=True, or a frozen dataclass) or ids, and say"
    " so in the annotation: who holds a model instance or a QuerySet can write the other's tables."
)


def check(services: Sequence[ServiceConfig]) -> Iterator[Violation]:
    """What a crossing returns is annotated, with nothing that leads to another's tables."""
    for service in services:
        module = communication_module(service)
        if module is None:
            continue
        functions = _defined(module) | public_functions(module)
        for name, function in sorted(functions.items()):
            for what, other in sorted(set(_returned(service, function))):
                yield _violation(service, name, what, other)
        for name, value in sorted(_public_values(service, module)):
            if name not in functions:
                for what, other in sorted(set(_held(value, service))):
                    yield _violation(service, name, what, other)


def _defined(module: ModuleType) -> dict[str, FunctionType]:
    """What the module defines without an underscore: it can be called where `__all__` omits it."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


def _returned(service: ServiceConfig, function: FunctionType) -> Iterator[tuple[str, str]]:
    reached = ", ".join(callees(function, service))
    annotation = returned_by(function)
    if annotation is UNKNOWN:
        yield "has no return annotation that can be read, so it may return anything", reached
        return
    for what, owner in handed_by(annotation):
        if owner is None and reached:
            yield f"returns {what}", reached
        elif owner not in {None, service}:
            yield f"returns {what}", owner.label


def _public_values(service: ServiceConfig, module: ModuleType) -> Iterator[tuple[str, Any]]:
    """What `__all__` names, and what the module itself makes under a name without underscore."""
    listed = getattr(module, "__all__", ())
    imported = {name for each in communication(service) for name in each.imported}
    for name, value in vars(module).items():
        if name in listed or not (name.startswith("_") or name in imported):
            yield name, value


def _held(value: object, service: ServiceConfig) -> Iterator[tuple[str, str]]:
    """Models, rows, QuerySets and managers of other services that a value of the module is."""
    if isinstance(value, BaseManager | QuerySet):
        value = value.model
    cls = value if inspect.isclass(value) else type(value)
    if not inspect.isclass(cls) or not issubclass(cls, Model | QuerySet | BaseManager):
        return
    owner = owner_of(cls)
    if owner not in {None, service}:
        yield f"is {cls.__name__}, or leads to its rows,", owner.label


def _violation(service: ServiceConfig, name: str, what: str, other: str) -> Violation:
    path, line = _place(service, name)
    return Violation(
        id=HANDOUT,
        service=service.label,
        other=other,
        path=path,
        line=line,
        what=f"{name} of {service.label}{' asks ' + other + ', and' if other else ''} {what}.",
        hint=_HINT,
    )


def _place(service: ServiceConfig, name: str) -> tuple[str, int]:
    """Where the communication module defines or imports a name."""
    found = ("", 1)
    for module in communication(service):
        found = found if found[0] else (module.shown_path, 1)
        for node in module.nodes:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    names = {node.name}
                case ast.alias():
                    names = {node.asname or node.name}
                case ast.Assign(targets=targets):
                    names = {getattr(each, "id", "") for each in targets}
                case _:
                    continue
            if name in names:
                return module.shown_path, node.lineno
    return found

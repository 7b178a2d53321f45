"""E014: a communication module hands out models, model instances or QuerySets."""

import ast
import inspect
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.manager import BaseManager

from monoservices.boundaries.analysis.annotations import UNKNOWN, handed_by, owner_of, returned_by
from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig
from monoservices.services.crossings import (
    callees,
    communication_module,
    own_functions,
    public_functions,
)
from monoservices.services.source import assignments, communication_sources

_HINT = (
    "Return frozen structs (such as a frozen dataclass, or msgspec.Struct with frozen=True) or ids,"
    " and annotate them: a model instance or a QuerySet lets its holder write the other's tables."
)


@rule("E014")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """A crossing annotates what it returns, and returns nothing that leads to another's tables."""
    module = communication_module(service)
    if module is None:
        return
    # The module's own functions can be called even if `__all__` omits them.
    functions = own_functions(module) | public_functions(module)
    found = {
        (name, what, other)
        for name, function in functions.items()
        for what, other in _returned(service, function)
    } | {
        (name, what, other)
        for name, value in _public_values(service, module)
        if name not in functions
        for what, other in _held(value, service)
    }
    for name, what, other in sorted(found):
        asks = f" asks {other}, and" if other else ""
        told = f"{name} of {service.label}{asks} {what}."
        yield Finding(other, *_place(service, name), told, _HINT)


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
    """The values in `__all__`, and those that the module makes under a name without underscore."""
    listed = getattr(module, "__all__", ())
    imported = {name for each in communication_sources(service) for name in each.imported}
    for name, value in vars(module).items():
        if name in listed or not (name.startswith("_") or name in imported):
            yield name, value


def _held(value: object, service: ServiceConfig) -> Iterator[tuple[str, str]]:
    """Another service's model, instance, QuerySet or manager that a value of the module is."""
    if isinstance(value, BaseManager | QuerySet):
        value = value.model
    cls = value if inspect.isclass(value) else type(value)
    if not inspect.isclass(cls) or not issubclass(cls, Model | QuerySet | BaseManager):
        return
    owner = owner_of(cls)
    if owner not in {None, service}:
        yield f"is {cls.__name__}, or leads to its rows,", owner.label


def _place(service: ServiceConfig, name: str) -> tuple[str, int]:
    """Where the communication module defines or imports a name."""
    modules = communication_sources(service)
    for module in modules:
        for node in module.nodes:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    names = {node.name}
                case ast.alias():
                    names = {node.asname or node.name}
                case _:
                    names = {target for target, _ in assignments(node)}
            if name in names:
                return module.shown_path, getattr(node, "lineno", 1)
    return modules[0].shown_path if modules else "", 1

"""Reads from annotations what a function returns."""

import inspect
import sys
import typing
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from types import FunctionType, SimpleNamespace
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.manager import BaseManager

from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import service_of_model, service_of_module
from monoservices.services.source import modules

UNKNOWN = object()
"""Stands for a missing annotation, and for one that cannot be evaluated."""


def returned_by(function: FunctionType) -> Any:
    """The return annotation, with strings and forward references resolved; or UNKNOWN."""
    written = {name: each for name, each in function.__annotations__.items() if name == "return"}
    hints = _hints(SimpleNamespace(__annotations__=written), inspect.unwrap(function).__module__)
    return hints.get("return", UNKNOWN)


def handed_by(
    annotation: Any, seen: tuple[Any, ...] = ()
) -> Iterator[tuple[str, ServiceConfig | None]]:
    """The parts of an annotation that lead to tables, and the service that owns the tables.

    The service is None if the annotation does not tell. The search enters containers, unions, and
    the fields of services' classes.
    """
    if annotation is Any or annotation is object:
        yield "anything", None
        return
    arguments = typing.get_args(annotation)
    cls = typing.get_origin(annotation) or annotation
    if inspect.isclass(cls) and issubclass(cls, Model | QuerySet | BaseManager):
        yield cls.__name__, owner_of(cls)
    elif inspect.isclass(cls) and service_of_module(cls.__module__) and cls not in seen:
        for hint in _hints(cls, cls.__module__).values():
            yield from (each for each in handed_by(hint, (*seen, cls)) if each[0] != "anything")
    if inspect.isclass(cls) and issubclass(cls, Mapping):
        arguments = tuple(each for each in arguments if each is not Any)  # such as decoded JSON
    for argument in (*arguments, *_behind(annotation)):
        for each in argument if isinstance(argument, list) else [argument]:
            yield from handed_by(each, seen)


def owner_of(cls: type) -> ServiceConfig | None:
    """The service of a model, QuerySet or manager class; None if no service owns it."""
    if issubclass(cls, Model) and hasattr(cls, "_meta"):
        return service_of_model(cls)
    return service_of_module(cls.__module__)


def _behind(annotation: Any) -> list[Any]:
    """The types behind a type variable, a new type or an alias."""
    found = (
        getattr(annotation, name, None) for name in ("__bound__", "__supertype__", "__value__")
    )
    return [*filter(None, found), *getattr(annotation, "__constraints__", ())]


def _hints(annotated: Any, module: str) -> dict[str, Any]:
    """The annotations of a function or class; empty if one of them cannot be evaluated."""
    own = vars(sys.modules[module])
    with suppress(Exception):  # an annotation may run any code
        return typing.get_type_hints(annotated, own)
    with suppress(Exception):
        return typing.get_type_hints(annotated, {**_imported(module), **own})
    return {}


def _imported(name: str) -> dict[str, Any]:
    """The objects that a service's module imports, also under TYPE_CHECKING, by local name."""
    service = service_of_module(name)
    found = [each for each in modules(service) if each.name == name] if service else []
    names = {}
    for local, origin in (pair for each in found for pair in each.imported.items()):
        with suppress(AttributeError, ImportError, ValueError):
            owner, _, attribute = origin.rpartition(".")
            names[local] = getattr(import_module(owner), attribute)
    return names

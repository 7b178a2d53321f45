"""What annotations say that a function returns."""

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

from monoservices.boundaries.analysis.source import modules
from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import service_of_model, service_of_module

UNKNOWN = object()
"""Where there is no annotation, or none that can be read."""


def returned_by(function: FunctionType) -> Any:
    """The return annotation, with strings and forward references resolved; or UNKNOWN."""
    original = inspect.unwrap(function)
    if "return" not in function.__annotations__:
        return UNKNOWN
    written = SimpleNamespace(__annotations__={"return": function.__annotations__["return"]})
    return _hints(written, original.__module__).get("return", UNKNOWN)


def handed_by(
    annotation: Any, seen: tuple[Any, ...] = ()
) -> Iterator[tuple[str, ServiceConfig | None]]:
    """What an annotation holds that leads to tables, and whose: None where it does not say.

    Goes into containers, unions, and the fields of classes of services.
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
    """The service of a model, or of a class of QuerySets or managers; None where it has none."""
    if issubclass(cls, Model) and hasattr(cls, "_meta"):
        return service_of_model(cls)
    return service_of_module(cls.__module__)


def _behind(annotation: Any) -> list[Any]:
    """What a type variable, a new type or an alias stands for."""
    names = ("__bound__", "__supertype__", "__value__")
    found = [getattr(annotation, name, None) for name in names]
    constraints = getattr(annotation, "__constraints__", ())
    return [each for each in (*found, *constraints) if each is not None]


def _hints(annotated: Any, module: str) -> dict[str, Any]:
    """The annotations of what is defined in a module; none where one cannot be read."""
    own = vars(sys.modules[module])
    with suppress(Exception):  # what is in an annotation is any code
        return typing.get_type_hints(annotated, own)
    with suppress(Exception):
        return typing.get_type_hints(annotated, {**_imported(module), **own})
    return {}


def _imported(name: str) -> dict[str, Any]:
    """What the imports of a service's module name, those under TYPE_CHECKING included."""
    service = service_of_module(name)
    found = [each for each in modules(service) if each.name == name] if service else []
    names = {}
    for local, origin in (pair for each in found for pair in each.imported.items()):
        owner, _, attribute = origin.rpartition(".")
        try:
            names[local] = getattr(import_module(owner), attribute)
        except (ImportError, AttributeError, ValueError):
            continue
    return names

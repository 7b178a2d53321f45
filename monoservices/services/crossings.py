"""The calls from a service into others, read from its communication module."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import FunctionType, ModuleType

from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import COMMUNICATION, service_of_module
from monoservices.services.source import Module, communication_sources


@dataclass(frozen=True, order=True)
class Crossing:
    """A public function of a communication module.

    caller, callees: the labels of its service, and of the services that it reaches, sorted.
    signature: as Python writes it: `(*, ids: collections.abc.Collection[int] = ()) -> list[int]`.
    """

    caller: str
    function: str
    callees: tuple[str, ...]
    signature: str


def crossings(service: ServiceConfig) -> tuple[Crossing, ...]:
    """The crossings of a service, by name; empty if it has no communication module."""
    module = communication_module(service)
    if module is None:
        return ()
    return tuple(
        Crossing(service.label, name, callees(function, service), str(inspect.signature(function)))
        for name, function in sorted(public_functions(module).items())
    )


def communication_module(service: ServiceConfig) -> ModuleType | None:
    """The imported communication module of a service; None if it has none."""
    name = f"{service.name}.{COMMUNICATION}"
    return import_module(name) if find_spec(name) else None


def public_functions(module: ModuleType) -> dict[str, FunctionType]:
    """The functions in `__all__`; without `__all__`, the module's own without an underscore.

    A wrapped function is returned with its wrapper.
    """
    listed = getattr(module, "__all__", None)
    if listed is None:
        return own_functions(module)
    functions = dict(inspect.getmembers(module, inspect.isfunction))
    return {name: function for name, function in functions.items() if name in listed}


def own_functions(module: ModuleType) -> dict[str, FunctionType]:
    """The functions without an underscore that the module defines."""
    return {
        name: function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def callees(function: FunctionType, caller: ServiceConfig) -> tuple[str, ...]:
    """The labels of the other services that a function of `caller`'s communication module reaches.

    A function that is defined elsewhere reaches the service that defines it. Any other reaches the
    services that its code names, and the code of the module's functions and constants that it uses.
    """
    original = inspect.unwrap(function)
    sources = {module.name: module for module in communication_sources(caller)}
    found, seen, rest = set[str](), set[str](), [f"{original.__module__}.{original.__name__}"]
    while rest:
        name = rest.pop()
        if name in seen:
            continue
        seen.add(name)
        home, _, local = name.rpartition(".")
        if home in sources and local in sources[home].definitions:
            rest += _named_in(sources[home], local)
        elif owner := service_of_module(name):
            found.add(owner.label)
    return tuple(sorted(found - {caller.label}))


def _named_in(module: Module, name: str) -> Iterator[str]:
    """The dotted origins of everything that the code behind a top-level name uses."""
    code = module.definitions[name]
    parts = [code] if isinstance(code, ast.expr) else code.body
    nodes = [node for part in parts for node in ast.walk(part)]
    local = {node.arg for node in ast.walk(code) if isinstance(node, ast.arg)}
    local |= {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    for node in nodes:
        match node:
            case ast.Import() | ast.ImportFrom():
                yield from module.imported_by(node)
            case ast.Name(id=used) if used in module.definitions and used not in local:
                yield f"{module.name}.{used}"
            case ast.Name() | ast.Attribute() if _root(node) not in local:
                yield module.origin(node, depth=0)


def _root(node: ast.expr) -> str:
    """The name at which a chain of attributes begins."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""

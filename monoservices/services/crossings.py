"""Which calls of a service into others there are, read from its communication module."""

import dis
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import CodeType, FunctionType, ModuleType

from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import COMMUNICATION, service_of_module


@dataclass(frozen=True, order=True)
class Crossing:
    """A public function of a communication module.

    caller: the label of the service that calls it.
    callees: the labels of the services that it reaches, in alphabetical order; none where its code
        names nothing of another service.
    signature: as Python writes it: `(*, ids: collections.abc.Collection[int] = ()) -> list[int]`.
    """

    caller: str
    function: str
    callees: tuple[str, ...]
    signature: str


def crossings(service: ServiceConfig) -> tuple[Crossing, ...]:
    """The crossings of a service, by name; none where it has no communication module.

    What a function reaches is read from its code, so it holds for names, not for what is looked up
    by a string while the function runs.
    """
    module = communication_module(service)
    if module is None:
        return ()
    return tuple(
        Crossing(service.label, name, callees(function, service), str(inspect.signature(function)))
        for name, function in sorted(public_functions(module).items())
    )


def communication_module(service: ServiceConfig) -> ModuleType | None:
    """The imported communication module of a service, or None where it has none."""
    name = f"{service.name}.{COMMUNICATION}"
    return import_module(name) if find_spec(name) else None


def public_functions(module: ModuleType) -> dict[str, FunctionType]:
    """The functions in the module's `__all__`; without one, those without an underscore of its own.

    They are as the module has them: what wraps one is not taken off.
    """
    listed = getattr(module, "__all__", None)
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and (name in listed if listed is not None else _is_public_here(name, value, module))
    }


def callees(function: FunctionType, caller: ServiceConfig) -> tuple[str, ...]:
    """The labels of the other services that a function of `caller`'s communication module reaches.

    One that is defined elsewhere reaches the service it is from; one that is defined there, those
    whose names it and the functions it uses in that module name.
    """
    found = {each.label for each in map(service_of_module, _origins(function, caller)) if each}
    return tuple(sorted(found - {caller.label}))


def _is_public_here(name: str, function: FunctionType, module: ModuleType) -> bool:
    return not name.startswith("_") and function.__module__ == module.__name__


def _origins(function: FunctionType, caller: ServiceConfig) -> set[str]:
    """The dotted names of the modules that the function is from, or that its code names."""
    home = f"{caller.name}.{COMMUNICATION}"
    origins, seen, rest = set[str](), set[FunctionType](), [function]
    while rest:
        each = inspect.unwrap(rest.pop())
        if each.__module__ != home:
            origins.add(each.__module__)
        elif each not in seen:
            seen.add(each)
            for value in _values(each.__code__, each.__globals__):
                if inspect.isfunction(value):
                    rest.append(value)
                else:
                    origins.add(value if isinstance(value, str) else _origin(value))
    return origins


def _origin(value: object) -> str:
    """The module that a value is or is from; "" for one that does not say."""
    origin = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None)
    return origin or ""


def _values(code: CodeType, namespace: Mapping[str, object]) -> Iterator[object]:
    """What the code names: global values, attributes of modules, and what it imports itself.

    What it imports comes as dotted names.
    """
    value, imported = None, ""
    for instruction in dis.get_instructions(code):
        name = instruction.argval
        match instruction.opname:
            case "LOAD_GLOBAL":
                value = namespace.get(name)
                yield value
            case "LOAD_ATTR" | "LOAD_METHOD" if inspect.ismodule(value):
                value = getattr(value, name, None)
                yield value
            case "IMPORT_NAME":
                imported = name
                yield imported
            case "IMPORT_FROM":
                yield f"{imported}.{name}"
    for nested in code.co_consts:
        if inspect.iscode(nested):
            yield from _values(nested, namespace)

"""The look-ups in the options of classes, such as `search_fields` of an admin.

A class is judged as loaded, so that an option that code sets after the class body counts too. A
class that is not loaded, and the `Meta` of a model, is judged as written.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from inspect import getattr_static, isclass, isfunction

from monoservices.boundaries.analysis.names import Names
from monoservices.boundaries.analysis.query_words import OPTIONS, SHOWN, Kind, Lookup, lookup_path
from monoservices.services.ownership import service_of_module
from monoservices.services.source import Module, assignments

_IMPORTED = {"admin", "filters", "forms", "serializers"}
"""Modules that are imported to judge their classes as loaded."""


def option_lookups(names: Names) -> Iterator[Lookup]:
    """The look-ups in the options of all classes of a module."""
    module = names.module
    options = OPTIONS | SHOWN if module.part in {"admin", "forms"} else OPTIONS
    loaded = _loaded_classes(module)
    for qualname, node in _written_classes(module.tree):
        if qualname not in loaded:
            yield from _as_written(names, node, options)
    for cls in loaded.values():
        yield from _as_loaded(module, cls, options)


def _loaded_classes(module: Module) -> dict[str, type]:
    """The classes that a loaded module defines, nested ones too, by qualified name."""
    if module.part in _IMPORTED:
        with suppress(Exception):  # such as an admin module without Django's admin
            import_module(module.name)
    found: dict[str, type] = {}
    rest: list[object] = [sys.modules.get(module.name)]
    while rest:
        for value in [*getattr(rest.pop(), "__dict__", {}).values()]:
            if isclass(value) and value.__module__ == module.name:
                if value.__qualname__ not in found:
                    rest.append(value)
                found[value.__qualname__] = value
    return found


def _written_classes(node: ast.AST, outer: str = "") -> Iterator[tuple[str, ast.ClassDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield f"{outer}{child.name}", child
            yield from _written_classes(child, f"{outer}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _written_classes(child, f"{outer}{child.name}.<locals>.")
        else:
            yield from _written_classes(child, outer)


def _as_loaded(module: Module, cls: type, options: Mapping[str, Kind]) -> Iterator[Lookup]:
    for name, kind in options.items():
        setter = next((each for each in cls.__mro__ if name in vars(each)), object)
        if setter.__module__ != module.name and service_of_module(setter.__module__):
            continue  # it is judged in its own module
        for text in _strings(getattr_static(cls, name, None), name):
            if not isfunction(getattr_static(cls, text, None)):  # a method stands for itself
                yield Lookup(lookup_path(text), kind, _line(module, setter, cls, name, text))


def _strings(value: object, option: str) -> Iterator[str]:
    """The strings in the value of an option; of a dictionary, its keys."""
    if option == "fieldsets":
        for _, fieldset in value if isinstance(value, list | tuple) else ():
            yield from _strings(fieldset.get("fields"), "fields")
    elif isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple | set | frozenset | dict):
        for each in value:
            yield from _strings(each, option)


def _line(module: Module, setter: type, cls: type, option: str, text: str) -> int:
    """Where the module writes this string of an option; else where it sets the option.

    If another module sets the option, where this one defines the class.
    """
    line, statements = 1, list[ast.stmt]()
    for node in module.nodes:
        match node:
            case ast.ClassDef(name=name, body=body):
                line = node.lineno if name == cls.__name__ else line
                if name == setter.__name__:
                    statements += [each for each in body if option in dict(assignments(each))]
            case ast.Assign(targets=[ast.Attribute(attr=name)]) if name == option:
                statements.append(node)
            case ast.Expr(value=ast.Call(args=[_, ast.Constant(value=name), _])) if name == option:
                statements.append(node)  # setattr(OrderAdmin, "search_fields", …)
    for statement in statements:
        for part in ast.walk(statement):
            if isinstance(part, ast.Constant) and part.value == text:
                return part.lineno
    return statements[-1].lineno if statements else line


def _as_written(names: Names, node: ast.ClassDef, options: Mapping[str, Kind]) -> Iterator[Lookup]:
    methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
    for name, value in (pair for each in node.body for pair in assignments(each)):
        if name in options:
            for part in _fields_in(value) if name == "fieldsets" else [value]:
                for text, line in names.strings(part):
                    if text not in methods:
                        yield Lookup(lookup_path(text), options[name], line)


def _fields_in(fieldsets: ast.expr) -> Iterator[ast.expr]:
    for node in ast.walk(fieldsets):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "fields":
                    yield value

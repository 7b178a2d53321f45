"""Which other services a communication module imports, and what calls import by a string."""

import ast
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import resolve_name

from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import service_of_module
from monoservices.services.source import Module, communication_sources

_IMPORTERS = {
    "builtins.__import__",
    "django.urls.conf.include",
    "django.urls.include",
    "django.utils.module_loading.import_string",
    "importlib.__import__",
    "importlib.import_module",
    "pkgutil.resolve_name",
    "pydoc.locate",
    "runpy.run_module",
    "sys.modules.get",
}
"""Functions that import the module that their first argument names."""


def imported_services(service: ServiceConfig) -> Iterator[tuple[str, int, str]]:
    """Path, line and label for each import of another service in the communication module."""
    for module in communication_sources(service):
        for line, name in sorted({*module.imports, *dynamic_imports(module)}):
            other = service_of_module(name)
            if other and other is not service:
                yield module.shown_path, line, other.label


def dynamic_imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each module that a call with a constant imports."""
    for node in module.nodes:
        match node:
            case ast.Call(func=ast.Name(id="__import__"), args=[argument, *_]):
                name = module.text(argument)
            case ast.Call(func=function, args=[argument, *rest], keywords=keywords):
                if module.origin(function) not in _IMPORTERS:
                    continue
                packages = [*rest, *(each.value for each in keywords if each.arg == "package")]
                name = _absolute(module, module.text(argument), packages)
            case ast.Subscript(value=value, slice=key) if module.origin(value) == "sys.modules":
                name = module.text(key)
            case _:
                continue
        if name:
            yield node.lineno, name.replace(":", ".")


def _absolute(module: Module, name: str | None, packages: list[ast.expr]) -> str | None:
    if not name or not name.startswith("."):
        return name
    match packages:
        case [ast.Name(id="__package__" | "__name__"), *_]:
            package: str | None = module.absolute("", 1)
        case _:
            package = module.text(packages[0]) if packages else None
    with suppress(ImportError):  # more dots than packages, or no package
        return resolve_name(name, package)
    return None

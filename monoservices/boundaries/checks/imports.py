"""E001: a module of one service imports a module of another."""

import ast
from collections.abc import Iterator, Sequence
from importlib.util import resolve_name

from monoservices.boundaries.analysis.source import Module, communication, modules
from monoservices.boundaries.checks.violations import Violation
from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import COMMUNICATION, part_of, service_of_module

IMPORT = "E001"

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
"""Functions that import what their first argument names."""


def check(services: Sequence[ServiceConfig]) -> Iterator[Violation]:
    """Only its communication module imports other services; its tests, those it depends on."""
    for service in services:
        for module in modules(service):
            if not module.is_communication:
                yield from _violations(module)


def _violations(module: Module) -> Iterator[Violation]:
    found = {*module.imports, *dynamic_imports(module)}
    reached = {service_of_module(name) for _, name in found} - {module.service}
    # `import apps` and then `apps.products.models`: said once, where the import is not.
    found |= {each for each in _chains(module) if service_of_module(each[1]) not in reached}
    for line, name in sorted(found):
        other = service_of_module(name)
        if other is module.service:
            other = _owner_behind_communication(module, name)
        if other and not (module.is_test and other.label in module.service.depends_on):
            yield _violation(module, line, name, other)


def _violation(module: Module, line: int, name: str, other: ServiceConfig) -> Violation:
    service = module.service.label
    return Violation(
        id=IMPORT,
        service=service,
        other=other.label,
        path=module.shown_path,
        line=line,
        what=f"{service} imports {name} of {other.label}.",
        hint=f"Tests of {service} may import what {service} depends on. Set the scene without"
        f" {other.label}, or test this where the services meet, outside {service}."
        if module.is_test
        else f"Write a function in microservice_communication.py of {service} that asks"
        f" {other.label} and returns a frozen struct or an id, and call it here.",
    )


def dynamic_imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of what a call with a constant imports."""
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
        case [argument, *_]:
            package = module.text(argument)
        case _:
            package = None
    try:
        return resolve_name(name, package)
    except ImportError:  # more dots than packages, or no package
        return None


def _chains(module: Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of attributes by which one gets from no service into one."""
    for node in module.nodes:
        if isinstance(node, ast.Attribute) and (name := module.origin(node)):
            owner = service_of_module(name)
            if owner is module.service or (
                owner and not service_of_module(name.rpartition(".")[0])
            ):
                yield node.lineno, name


def _owner_behind_communication(module: Module, name: str) -> ServiceConfig | None:
    """The other service whose `name` is taken out of the own communication module's imports."""
    owner, _, attribute = name.rpartition(".")
    if part_of(owner, module.service) != COMMUNICATION:
        return None
    for each in communication(module.service):
        if each.name == owner and attribute in each.imported and attribute not in each.exported:
            other = service_of_module(each.imported[attribute])
            return other if other is not module.service else None
    return None

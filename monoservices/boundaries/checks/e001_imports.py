"""E001: a module of one service imports a module of another."""

import ast
from collections.abc import Iterator

from monoservices.boundaries.analysis.imports import dynamic_imports
from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import COMMUNICATION, part_of, service_of_module
from monoservices.services.source import Module, communication_sources, modules

_HINT = (
    "Write a function in microservice_communication.py of {0} that asks {1} and returns a frozen"
    " struct or an id, and call it here."
)
_TEST_HINT = (
    "Tests of {0} may import the services that {0} depends on. Prepare this test without {1}, or"
    " move it outside {0}, where tests may use both."
)


@rule("E001")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """Only the communication module imports other services; tests import declared ones too."""
    for module in modules(service):
        if module.is_communication:
            continue
        for line, name, other in _imports(module):
            if not (module.is_test and other.label in service.depends_on):
                yield Finding(
                    other.label,
                    module.shown_path,
                    line,
                    f"{service.label} imports {name} of {other.label}.",
                    (_TEST_HINT if module.is_test else _HINT).format(service.label, other.label),
                )


def _imports(module: Module) -> Iterator[tuple[int, str, ServiceConfig]]:
    """Line, dotted name and service for each import of another service."""
    found = {*module.imports, *dynamic_imports(module)}
    reached = {service_of_module(name) for _, name in found} - {module.service}
    # After `import apps`, `apps.products.models` is an import that no import statement reports.
    found |= {each for each in _chains(module) if service_of_module(each[1]) not in reached}
    for line, name in sorted(found):
        other = service_of_module(name)
        if other is module.service:
            other = _owner_behind_communication(module, name)
        if other:
            yield line, name, other


def _chains(module: Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each attribute that leads from no service into one."""
    for node in module.nodes:
        if isinstance(node, ast.Attribute) and (name := module.origin(node)):
            owner = service_of_module(name)
            if owner is module.service or (
                owner and not service_of_module(name.rpartition(".")[0])
            ):
                yield node.lineno, name


def _owner_behind_communication(module: Module, name: str) -> ServiceConfig | None:
    """The other service that owns `name`, if `name` is an import of the communication module."""
    owner, _, attribute = name.rpartition(".")
    if part_of(owner, module.service) != COMMUNICATION:
        return None
    for each in communication_sources(module.service):
        if each.name == owner and attribute in each.imported and attribute not in each.exported:
            other = service_of_module(each.imported[attribute])
            return other if other is not module.service else None
    return None

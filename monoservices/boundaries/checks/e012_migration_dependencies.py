"""E012: a migration depends on a service that is not declared, or makes another service wait."""

import ast
from collections.abc import Iterator

from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig, services
from monoservices.services.source import Module, assignments, modules


@rule("E012")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """A migration runs after migrations of declared services only, and before none of others.

    `swappable_dependency` is free: a setting names its target, and no constant.
    """
    others = {each.label for each in services()} - {service.label}
    for module in modules(service):
        if module.part == "migrations":
            for kind, line, other in _dependencies(module):
                if other in others and (kind == "run_before" or other not in service.depends_on):
                    yield _finding(module, kind, line, other)


def _dependencies(module: Module) -> Iterator[tuple[str, int, str]]:
    """`dependencies` or `run_before`, with line and label of each migration that it lists."""
    for node in module.nodes:
        for kind, value in assignments(node):
            for each in ast.walk(value) if kind in {"dependencies", "run_before"} else ():
                if isinstance(each, ast.Tuple) and each.elts:
                    yield kind, each.lineno, module.text(each.elts[0]) or ""


def _finding(module: Module, kind: str, line: int, other: str) -> Finding:
    service = module.service
    if kind == "run_before":
        what = f"this migration of {service.label} makes {other} wait for it."
        hint = (
            f"Remove run_before. If {other} depends on {service.label}, list this migration in the"
            f" dependencies of the migration of {other}."
        )
    else:
        what = (
            f"this migration of {service.label} depends on one of {other}, but {service.label}"
            f" does not declare to depend on {other}."
        )
        hint = (
            f'Add "{other}" to depends_on of {type(service).__name__}, or remove the relation that'
            " needs the dependency."
        )
    return Finding(other, module.shown_path, line, what, hint)

"""E002, E003, E004: what a service declares to depend on, and what it depends on."""

from collections.abc import Iterator, Sequence

from monoservices.boundaries.analysis.places import where
from monoservices.boundaries.analysis.source import communication
from monoservices.boundaries.checks.imports import dynamic_imports
from monoservices.boundaries.checks.relations import relations, targets
from monoservices.boundaries.checks.violations import Violation
from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import service_of_model, service_of_module

UNDECLARED, UNUSED, CYCLIC = "E002", "E003", "E004"


def check(services: Sequence[ServiceConfig]) -> Iterator[Violation]:
    """`depends_on` names what the communication module and relations reach, and runs one way."""
    graph = {service.label: service.depends_on for service in services}
    for service in services:
        yield from _undeclared(service)
        yield from _unused(service)
        yield from _unknown(service, graph)
    yield from _cyclic(services, graph)


def _undeclared(service: ServiceConfig) -> Iterator[Violation]:
    """Each undeclared service once, where the communication module first imports it."""
    seen = {service.label, *service.depends_on}
    for path, line, other in _uses(service):
        if other not in seen:
            seen.add(other)
            yield Violation(
                id=UNDECLARED,
                service=service.label,
                other=other,
                path=path,
                line=line,
                what=f"{service.label} uses {other}, but does not declare to depend on it.",
                hint=f'Add "{other}" to depends_on of {type(service).__name__}, unless {other}'
                f" depends on {service.label}: then pass in what {service.label} needs to know.",
            )


def _unused(service: ServiceConfig) -> Iterator[Violation]:
    used = {other for _, _, other in _uses(service)}
    used |= {
        each.label
        for model in service.get_models()
        for field in relations(model)
        for each in map(service_of_model, targets(field))
        if each
    }
    for other in service.depends_on:
        if other not in used:
            yield _of_declaration(
                service,
                UNUSED,
                other,
                f"{service.label} declares to depend on {other}, but does not use it.",
                f'Remove "{other}" from depends_on. Neither the communication module of'
                f" {service.label} nor a relation of its models reaches {other}.",
            )


def _unknown(service: ServiceConfig, graph: dict[str, tuple[str, ...]]) -> Iterator[Violation]:
    for other in service.depends_on:
        if other not in graph:
            yield _of_declaration(
                service,
                CYCLIC,
                other,
                f"{service.label} depends on {other}, but no installed service has that label.",
                "Correct the label, or add the service to INSTALLED_APPS. An app is a service"
                " where its config is a ServiceConfig.",
            )


def _cyclic(
    services: Sequence[ServiceConfig], graph: dict[str, tuple[str, ...]]
) -> Iterator[Violation]:
    """Every declaration that closes a cycle, so that each service in one is named."""
    for service in services:
        for other in service.depends_on:
            if path := _path(graph, other, service.label):
                yield _of_declaration(
                    service,
                    CYCLIC,
                    other,
                    f"{service.label} depends on {other}, which depends on {service.label}:"
                    f" {' → '.join([service.label, *path])}.",
                    "Let one direction go: pass the caller's data as arguments, move what both"
                    " need into a third service, or make the two one service.",
                )


def _path(graph: dict[str, tuple[str, ...]], start: str, end: str) -> list[str]:
    """The shortest way from one label to another along depends_on, both included; else []."""
    paths, seen = [[start]], {start}
    for path in paths:
        if path[-1] == end:
            return path
        nexts = [each for each in graph.get(path[-1], ()) if each not in seen]
        seen.update(nexts)
        paths += [[*path, each] for each in nexts]
    return []


def _uses(service: ServiceConfig) -> Iterator[tuple[str, int, str]]:
    """Path, line and label for each import of another service in the communication module."""
    for module in communication(service):
        for line, name in sorted({*module.imports, *dynamic_imports(module)}):
            other = service_of_module(name)
            if other and other is not service:
                yield module.shown_path, line, other.label


def _of_declaration(
    service: ServiceConfig, rule: str, other: str, what: str, hint: str
) -> Violation:
    path, line = where(type(service), "depends_on")
    return Violation(rule, service.label, other, path, line, what, hint)

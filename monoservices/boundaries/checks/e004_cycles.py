"""E004: services depend on each other in a cycle, or on a service that does not exist."""

from collections.abc import Iterator

from monoservices.boundaries.analysis.places import where
from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig, services


@rule("E004")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """Report every declaration that closes a cycle, so that each service in it is named."""
    graph = {each.label: each.depends_on for each in services()}
    place = where(type(service), "depends_on")
    for other in service.depends_on:
        if other not in graph:
            yield Finding(
                other,
                *place,
                f"{service.label} depends on {other}, but no installed service has that label.",
                "Correct the label, or add the service to INSTALLED_APPS. An app is a service if"
                " its config is a ServiceConfig.",
            )
        elif path := _path(graph, other, service.label):
            yield Finding(
                other,
                *place,
                f"{service.label} depends on {other}, which depends on {service.label}:"
                f" {' → '.join([service.label, *path])}.",
                "Remove one direction: pass the caller's data as arguments, move what both need"
                " into a third service, or merge the two services.",
            )


def _path(graph: dict[str, tuple[str, ...]], start: str, end: str) -> list[str]:
    """The shortest path from one label to another along depends_on, with both; else []."""
    paths, seen = [[start]], {start}
    for path in paths:
        if path[-1] == end:
            return path
        nexts = [each for each in graph.get(path[-1], ()) if each not in seen]
        seen.update(nexts)
        paths += [[*path, each] for each in nexts]
    return []

"""E002: a service uses another one that it does not declare."""

from collections.abc import Iterator

from monoservices.boundaries.analysis.imports import imported_services
from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig


@rule("E002")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """Report each undeclared service once, where the communication module first imports it."""
    seen = {service.label, *service.depends_on}
    for path, line, other in imported_services(service):
        if other not in seen:
            seen.add(other)
            yield Finding(
                other,
                path,
                line,
                f"{service.label} uses {other}, but does not declare to depend on it.",
                f'Add "{other}" to depends_on of {type(service).__name__}. If {other} already'
                f" depends on {service.label}, let the caller pass in what {service.label} needs.",
            )

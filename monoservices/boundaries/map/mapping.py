"""Collects the map of the installed services from Django and from their source."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from monoservices.boundaries.analysis.relations import crossing_relations, targets
from monoservices.services.config import ServiceConfig, services
from monoservices.services.crossings import Crossing, crossings
from monoservices.services.ownership import service_of_model, service_of_module


@dataclass(frozen=True, order=True)
class Relation:
    """A field, `orders.OrderLine.product`, that points at `products.Product` of another service."""

    field: str
    target: str
    service: str


@dataclass(frozen=True, order=True)
class Route:
    """A path, as the URLconf writes it, with the methods that its view declares.

    HEAD and OPTIONS are left out.
    """

    path: str
    methods: tuple[str, ...]
    name: str


@dataclass(frozen=True)
class MappedService:
    """A service as the map shows it. Everything but depends_on is sorted."""

    label: str
    package: str
    depends_on: tuple[str, ...]
    crossings: tuple[Crossing, ...]
    relations: tuple[Relation, ...]
    tables: tuple[str, ...]
    routes: tuple[Route, ...]


def service_map() -> tuple[MappedService, ...]:
    """The installed services, in the order of INSTALLED_APPS."""
    routes = tuple(_routes(get_resolver().url_patterns))
    return tuple(
        MappedService(
            label=service.label,
            package=service.name,
            depends_on=tuple(service.depends_on),
            crossings=crossings(service),
            relations=tuple(sorted(set(_relations(service)))),
            tables=tuple(sorted(_tables(service))),
            routes=tuple(sorted(route for owner, route in routes if owner is service)),
        )
        for service in services()
    )


def _relations(service: ServiceConfig) -> Iterator[Relation]:
    for model, field, other in crossing_relations(service):
        for target in targets(field):
            if service_of_model(target) is other:
                yield Relation(f"{model._meta.label}.{field.name}", target._meta.label, other.label)


def _tables(service: ServiceConfig) -> set[str]:
    models = service.get_models(include_auto_created=True)
    return {model._meta.db_table for model in models if not model._meta.proxy}


def _routes(
    patterns: Sequence[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[tuple[ServiceConfig, Route]]:
    for pattern in patterns:
        path = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, path)
        elif owner := service_of_module(_view(pattern.callback).__module__):
            methods = _methods(_view(pattern.callback))
            yield owner, Route(f"/{path}", methods, pattern.name or "")


def _view(callback: Any) -> Any:
    """The class of a view, or the view function."""
    return getattr(callback, "view_class", getattr(callback, "cls", callback))


def _methods(view: Any) -> tuple[str, ...]:
    names = getattr(view, "http_method_names", ())
    found = (name.upper() for name in names if hasattr(view, name))
    return tuple(name for name in found if name not in {"HEAD", "OPTIONS"})

"""The map of services as text, JSON, Mermaid and Markdown."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict

from monoservices.boundaries.map.mapping import MappedService, Route

Services = Sequence[MappedService]

_MARKDOWN_START = """\
# The services

Written by `make services` from the code; `make check` fails where it is out of date. Arrows point
at what a service depends on. A crossing is a function of a service's communication module.
`manage.py check` enforces the boundaries between services.
"""


def as_text(services: Services) -> str:
    """For reading in a terminal: a block per service, with the signatures of its crossings."""
    return "\n".join("\n".join(_block(service)) for service in services)


def as_json(services: Services) -> str:
    """A list of objects with the fields of `MappedService`."""
    return json.dumps([asdict(service) for service in services], indent=2) + "\n"


def as_mermaid(services: Services) -> str:
    """A flowchart of what depends on what, and by how many crossings and relations."""
    nodes = [f'    service_{each.label}["{each.label}"]' for each in services]
    edges = [
        f'    service_{each.label} -->|"{_how(each, other)}"| service_{other}'
        for each in services
        for other in each.depends_on
    ]
    return "\n".join(["flowchart TD", *nodes, *edges, ""])


def as_markdown(services: Services) -> str:
    """A page with the flowchart and, for each service, what it asks, holds and answers."""
    sections = ("\n".join(_section(service)) for service in services)
    return "\n".join([_MARKDOWN_START, f"```mermaid\n{as_mermaid(services)}```\n", *sections])


FORMATS: dict[str, Callable[[Services], str]] = {
    "text": as_text,
    "json": as_json,
    "mermaid": as_mermaid,
    "markdown": as_markdown,
}


def _block(service: MappedService) -> Iterator[str]:
    yield f"{service.label} ({service.package})"
    yield f"  depends on: {', '.join(service.depends_on) or 'nothing'}"
    crossings = [
        f"{_reached(each.callees)}: {each.function}{each.signature}" for each in service.crossings
    ]
    relations = [f"{each.field} -> {each.target}" for each in service.relations]
    yield from _lines("crossings", crossings)
    yield from _lines("relations", relations)
    yield from _lines("tables", service.tables)
    yield from _lines("routes", [_route(each) for each in service.routes])
    yield ""


def _lines(heading: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"  {heading}:"
        yield from (f"    {line}" for line in lines)


def _section(service: MappedService) -> Iterator[str]:
    yield f"## {service.label}\n"
    others = ", ".join(f"[{each}](#{each})" for each in service.depends_on)
    yield f"`{service.package}` depends on {others or 'nothing'}.\n"
    yield from _table(
        "Crossing | asks",
        (f"`{each.function}` | {_reached(each.callees)}" for each in service.crossings),
    )
    yield from _table(
        "Relation | to", (f"`{each.field}` | `{each.target}`" for each in service.relations)
    )
    yield from _table("Table", (f"`{each}`" for each in service.tables))
    yield from _table(
        "Route | methods", (f"`{each.path}` | {', '.join(each.methods)}" for each in service.routes)
    )


def _table(heading: str, rows: Iterable[str]) -> Iterator[str]:
    lines = [f"| {row} |" for row in rows]
    if lines:
        yield f"| {heading} |"
        yield "|" + "---|" * (heading.count("|") + 1)
        yield from lines
        yield ""


def _route(route: Route) -> str:
    return f"{route.path} {' '.join(route.methods)}".rstrip()


def _reached(labels: Sequence[str]) -> str:
    return ", ".join(labels) or "nobody"


def _how(service: MappedService, other: str) -> str:
    crossings = sum(other in each.callees for each in service.crossings)
    related = sum(each.service == other for each in service.relations)
    return ", ".join(
        f"{count} {name}{'' if count == 1 else 's'}"
        for count, name in ((crossings, "crossing"), (related, "relation"))
    )

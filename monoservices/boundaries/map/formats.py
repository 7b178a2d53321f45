"""The map of the services as Markdown and as JSON."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict

from monoservices.boundaries.map.mapping import MappedService

Services = Sequence[MappedService]

_MARKDOWN_START = """\
# The services

Written by `make services` from the code; `make check` fails where it is out of date. Arrows point
at what a service depends on. A crossing is a function of a service's communication module.
`manage.py check` enforces the boundaries between services.
"""


def as_json(services: Services) -> str:
    """A list of objects with the fields of `MappedService`."""
    return json.dumps([asdict(service) for service in services], indent=2) + "\n"


def as_markdown(services: Services) -> str:
    """A page with a flowchart, and with a section for each service."""
    sections = ("\n".join(_section(service)) for service in services)
    return "\n".join([_MARKDOWN_START, f"```mermaid\n{_flowchart(services)}```\n", *sections])


FORMATS: dict[str, Callable[[Services], str]] = {"markdown": as_markdown, "json": as_json}


def _flowchart(services: Services) -> str:
    """Mermaid: an arrow for each dependency, with the numbers of crossings and relations."""
    nodes = [f'    service_{each.label}["{each.label}"]' for each in services]
    edges = [
        f'    service_{each.label} -->|"{_how(each, other)}"| service_{other}'
        for each in services
        for other in each.depends_on
    ]
    return "\n".join(["flowchart TD", *nodes, *edges, ""])


def _section(service: MappedService) -> Iterator[str]:
    yield f"## {service.label}\n"
    others = ", ".join(f"[{each}](#{each})" for each in service.depends_on)
    yield f"`{service.package}` depends on {others or 'nothing'}.\n"
    yield from _table(
        "Crossing | asks",
        (
            f"`{each.function}` | {', '.join(each.callees) or 'nobody'}"
            for each in service.crossings
        ),
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


def _how(service: MappedService, other: str) -> str:
    crossings = sum(other in each.callees for each in service.crossings)
    related = sum(each.service == other for each in service.relations)
    return ", ".join(
        f"{count} {name}{'' if count == 1 else 's'}"
        for count, name in ((crossings, "crossing"), (related, "relation"))
    )

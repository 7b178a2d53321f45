"""E013: a migration reaches models or tables of another service."""

import ast
from collections.abc import Iterator

from monoservices.boundaries.analysis.names import names
from monoservices.boundaries.analysis.sql import named_tables
from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig, services
from monoservices.services.ownership import table_owners
from monoservices.services.source import Module, assignments, modules

_TAKE_AN_APP = {
    "__init__",
    "database_backwards",
    "database_forwards",
    "get_app_config",
    "get_model",
    "get_registered_model",
    "mutate_state",
    "state_forwards",
}
"""Functions that take the label of an app, alone or in front of a model."""


@rule("E013")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """A migration changes the tables of its own service only."""
    labels = {each.label for each in services()} - {service.label}
    tables = {name: owner.label for name, owner in table_owners().items() if owner.label in labels}
    for module in modules(service):
        if module.part != "migrations":
            continue
        named = named_tables(names(module), tables)
        found = {(line, tables[table], f"the table {table}") for line, table in named}
        for line, other, thing in sorted({*_named_apps(module, labels), *found}):
            yield Finding(
                other,
                module.shown_path,
                line,
                f"this migration of {service.label} reaches {thing} of {other}.",
                f"Write a migration in {other} for what belongs to {other}. If {service.label}"
                f" needs data of {other} in its own rows, fill them by a command that asks {other}"
                " through microservice_communication.py.",
            )


def _named_apps(module: Module, labels: set[str]) -> Iterator[tuple[int, str, str]]:
    """Line, label and "models" for each place that names an app to reach its models or state."""
    # Names that stand for a `get_model`: `get = apps.get_model`.
    getters = {
        name
        for node in module.nodes
        for name, value in assignments(node)
        if getattr(value, "attr", "") == "get_model"
    }
    for node in module.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name in _TAKE_AN_APP:
                values = [*node.args, *(each.value for each in node.keywords)]
            case ast.Call(func=ast.Name(id=name)) if name in getters:
                values = [*node.args, *(each.value for each in node.keywords)]
            case ast.Assign(targets=[target], value=value) if _sets_app_label(target):
                values = [value]
            case ast.Subscript(value=ast.Attribute(attr="all_models" | "models"), slice=key):
                values = list(key.elts) if isinstance(key, ast.Tuple) else [key]
            case _:
                continue
        for text in filter(None, map(module.text, values)):
            label = text.partition(".")[0]
            if label in labels:
                yield node.lineno, label, "models"
                break


def _sets_app_label(target: ast.expr) -> bool:
    """Whether an assignment sets the app that a migration, or a hook like it, belongs to."""
    return getattr(target, "attr", getattr(target, "id", "")) in {"app_label", "migrated_app"}

"""E012, E013: migrations that depend on undeclared services, or reach into others' state."""

import ast
import re
from collections.abc import Iterator, Sequence

from monoservices.boundaries.analysis.source import Module, modules
from monoservices.boundaries.checks.sql import tables_in
from monoservices.boundaries.checks.violations import Violation
from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import table_owners

DEPENDENCY, STATE = "E012", "E013"

_SQL = re.compile(
    r"\s*(--[^\n]*\n\s*)*(ALTER|ANALYZE|BEGIN|COMMENT|COPY|CREATE|DELETE|DO|DROP|GRANT|INSERT|LOCK"
    r"|MERGE|REINDEX|REPLACE|SELECT|TRUNCATE|UPDATE|VACUUM|WITH)\b",
    re.IGNORECASE,
)
_OF_AN_APP = {
    "__init__",
    "database_backwards",
    "database_forwards",
    "get_app_config",
    "get_model",
    "get_registered_model",
    "mutate_state",
    "state_forwards",
}
"""Functions whose argument is an app's label, or a model's after it."""


def check(services: Sequence[ServiceConfig]) -> Iterator[Violation]:
    """A migration comes after those of declared services only, and changes its own tables only."""
    tables = {name: owner.label for name, owner in table_owners().items()}
    for service in services:
        labels = {each.label for each in services} - {service.label}
        for module in modules(service):
            if module.part == "migrations":
                others = {name: label for name, label in tables.items() if label in labels}
                yield from _dependencies(module, labels)
                yield from _states(module, labels, others)


def _dependencies(module: Module, labels: set[str]) -> Iterator[Violation]:
    """What `swappable_dependency` names is no constant, and free."""
    service = module.service
    for node in module.nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id="dependencies" | "run_before" as kind)]):
                pass
            case ast.AnnAssign(target=ast.Name(id="dependencies" | "run_before" as kind)):
                pass
            case _:
                continue
        for line, other in _first_texts(module, node.value):
            if other in labels and (kind == "run_before" or other not in service.depends_on):
                yield Violation(
                    DEPENDENCY,
                    service.label,
                    other,
                    module.shown_path,
                    line,
                    f"this migration of {service.label} makes {other} wait for it."
                    if kind == "run_before"
                    else f"this migration of {service.label} depends on one of {other}, on which"
                    f" {service.label} does not declare to depend.",
                    f"Let {other} name the migration in its own dependencies, if it depends on"
                    f" {service.label}; else drop run_before."
                    if kind == "run_before"
                    else f'Add "{other}" to depends_on of {type(service).__name__}, or drop the'
                    " relation that the dependency is there for.",
                )


def _first_texts(module: Module, value: ast.expr | None) -> Iterator[tuple[int, str]]:
    for node in ast.walk(value) if value else ():
        if isinstance(node, ast.Tuple) and node.elts and (text := module.text(node.elts[0])):
            yield node.lineno, text


def _states(module: Module, labels: set[str], tables: dict[str, str]) -> Iterator[Violation]:
    service = module.service.label
    found = {*_named_apps(module, labels), *_named_tables(module, tables)}
    for line, other, thing in sorted(found):
        yield Violation(
            STATE,
            service,
            other,
            module.shown_path,
            line,
            f"this migration of {service} reaches {thing} of {other}.",
            f"Write a migration in {other} that changes what is {other}'s. If {service} needs data"
            f" of {other} for rows of its own, fill them in by a command that asks {other} through"
            " microservice_communication.py.",
        )


def _named_apps(module: Module, labels: set[str]) -> Iterator[tuple[int, str, str]]:
    """Line, label and what is reached, where an app is named for its models or its state."""
    getters = _getters(module)
    for node in module.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name in _OF_AN_APP:
                values = [*node.args, *(each.value for each in node.keywords)]
            case ast.Call(func=ast.Name(id=name)) if name in getters:
                values = [*node.args, *(each.value for each in node.keywords)]
            case ast.Assign(targets=[target], value=value) if _names_app_label(target):
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


def _getters(module: Module) -> set[str]:
    """Names that stand for a `get_model`: `get = apps.get_model`."""
    return {
        target.id
        for node in module.nodes
        if isinstance(node, ast.Assign) and getattr(node.value, "attr", "") == "get_model"
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _names_app_label(target: ast.expr) -> bool:
    """Whether it is what Django takes the app of a migration from, or a hook of its kind."""
    return getattr(target, "attr", getattr(target, "id", "")) in {"app_label", "migrated_app"}


def _named_tables(module: Module, tables: dict[str, str]) -> Iterator[tuple[int, str, str]]:
    """Line, label and what is reached, where SQL or an option of a model names a table."""
    for node in module.nodes:
        names: set[str | None]
        match node:
            case ast.Constant() | ast.JoinedStr() | ast.BinOp():
                text = _text_with_gaps(module, node)
                names = {*tables_in(text, tables)} if _SQL.match(text) else set()
            case ast.keyword(arg="db_table" | "table", value=value):
                names = {module.text(value)} & tables.keys()
            case ast.Dict(keys=keys, values=values):
                options = zip(keys, values, strict=True)
                named = (value for key, value in options if module.text(key) == "db_table")
                names = {module.text(value) for value in named} & tables.keys()
            case ast.Call(func=ast.Attribute(attr="AlterModelTable"), args=[_, value, *_]):
                names = {module.text(value)} & tables.keys()
            case _:
                continue
        for name in filter(None, names):
            line = getattr(node, "lineno", 1)
            yield line, tables[name], f"the table {name}"


def _text_with_gaps(module: Module, node: ast.expr) -> str:
    """What is constant of a string, with `?` for the rest."""
    match node:
        case ast.JoinedStr(values=parts):
            return "".join(_text_with_gaps(module, part) for part in parts)
        case ast.FormattedValue(value=value):
            return _text_with_gaps(module, value)
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod(), right=right):
            return f"{_text_with_gaps(module, left)} {_text_with_gaps(module, right)}"
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return " ".join(_text_with_gaps(module, part) for part in parts)
        case ast.Call(func=ast.Attribute(value=left, attr="format"), args=args):
            return " ".join(_text_with_gaps(module, part) for part in [left, *args])
    return module.text(node) or "?"

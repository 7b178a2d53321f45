"""E010: SQL names a table of another service."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from monoservices.boundaries.analysis.names import Names, code
from monoservices.boundaries.checks.violations import Violation
from monoservices.services.config import ServiceConfig, services

SQL = "E010"

_IS_SQL = re.compile(
    r"\b(SELECT|INSERT|UPDATE|DELETE|FROM|INTO|JOIN|TABLE|TRUNCATE|MERGE|COPY|REFERENCES|LOCK"
    r"|VACUUM|ANALYZE|TRIGGER|INDEX)\b",
    re.IGNORECASE,
)
_BEFORE_A_TABLE = (
    r"\b(FROM|JOIN|INTO|UPDATE|TABLE|ONLY|ON|REFERENCES|TRUNCATE|EXISTS|LOCK|COPY)\s+(\w+\.)?"
)
_TABLE_OPTIONS = {"db_table", "tables"}
"""Where a string is the name of a table, by itself: in Meta and in fields, and in extra()."""


def check(checked: Sequence[ServiceConfig]) -> Iterator[Violation]:
    """SQL is in the service that owns the tables: not in the communication module either."""
    for service in checked:
        tables = _tables_of_others(service)
        for names in code(service):
            found = {
                (line, table)
                for line, text, is_name in _texts(names)
                for table in _named(text, tables, is_name=is_name)
            }
            for line, table in sorted(found):
                yield _violation(names, line, table, tables[table])


def _tables_of_others(service: ServiceConfig) -> dict[str, str]:
    """The labels of the owners of all tables but the service's own."""
    return {
        model._meta.db_table: other.label
        for other in services()
        if other is not service
        for model in other.get_models(include_auto_created=True)
    }


def tables_in(sql: str, tables: Iterable[str]) -> set[str]:
    """Those of the tables that SQL names, in any case, quoted or not.

    One whose name is a word of English counts only where SQL has the names of tables.
    """
    unquoted = re.sub(r'["`\[\]]', "", sql)
    words = {word.lower() for word in re.findall(r"\w+", unquoted)}
    return {
        table
        for table in tables
        if table.lower() in words
        and ("_" in table or re.search(rf"{_BEFORE_A_TABLE}{table}\b", unquoted, re.IGNORECASE))
    }


def _named(text: str, tables: Mapping[str, str], *, is_name: bool) -> set[str]:
    """The tables that a text names. One without any of SQL's words is no SQL."""
    if is_name:
        return {text} & tables.keys()
    return tables_in(text, tables) if _IS_SQL.search(text) else set()


def _texts(names: Names) -> Iterator[tuple[int, str, bool]]:
    """Line and text of what is made of strings, and whether it is the name of a table by itself."""
    seen: set[ast.AST] = set()
    for node in names.module.nodes:  # outer ones come first
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                seen.add(docstring)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in _TABLE_OPTIONS:
                yield from ((line, text, True) for text, line in names.strings(value))
            case ast.keyword(arg=str(name), value=value) if name in _TABLE_OPTIONS:
                yield from ((line, text, True) for text, line in names.strings(value))
            case ast.Constant() | ast.JoinedStr() | ast.BinOp() | ast.Call() if node not in seen:
                parts = dict(_parts(names, node))
                seen |= parts.keys()
                yield node.lineno, "".join(parts.values()), False


def _parts(names: Names, node: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """The strings that an expression is put together from, in their order, each with its node.

    What is not constant stands as a space, and before each piece that `%`, `format` and `join` put
    in is one.
    """
    match node:
        case ast.Constant(value=str(text)):
            yield node, text
        case ast.Name() | ast.FormattedValue(value=ast.Name()):
            yield node, names.module.text(node) or " "
        case ast.JoinedStr(values=values):
            yield node, ""
            for value in values:
                yield from _parts(names, value)
        case ast.FormattedValue(value=value):
            yield node, " "
            yield from _parts(names, value)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield node, ""
            yield from _parts(names, left)
            yield from _parts(names, right)
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            yield node, ""
            yield from _put_in(names, [left, right])
        case ast.Call(
            func=ast.Attribute(value=left, attr="format" | "join"), args=args, keywords=keywords
        ):
            yield node, ""
            yield from _put_in(names, [left, *args, *(each.value for each in keywords)])


def _put_in(names: Names, values: Sequence[ast.expr]) -> Iterator[tuple[ast.expr, str]]:
    for value in values:
        parts = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
        for part in parts:
            yield part, " "
            yield from ((each, f" {text}") for each, text in _parts(names, part))


def _violation(names: Names, line: int, table: str, other: str) -> Violation:
    module, service = names.module, names.module.service.label
    return Violation(
        id=SQL,
        service=service,
        other=other,
        path=module.shown_path,
        line=line,
        what=f"{service} names the table {table} of {other} in SQL.",
        hint=f"Put the statement into a function of {other}, and call that in"
        f" microservice_communication.py of {service}.",
    )

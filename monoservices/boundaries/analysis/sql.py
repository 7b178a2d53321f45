"""The tables that the strings of a module name, in SQL or by themselves."""

import ast
import re
from collections.abc import Collection, Iterator, Sequence

from monoservices.boundaries.analysis.names import Names, argument
from monoservices.boundaries.analysis.table_names import TableNames
from monoservices.services.source import assignments

_IS_SQL = re.compile(
    r"\b(SELECT|INSERT|UPDATE|DELETE|FROM|INTO|JOIN|TABLE|TRUNCATE|MERGE|COPY|REFERENCES|LOCK"
    r"|VACUUM|ANALYZE|TRIGGER|INDEX)\b",
    re.IGNORECASE,
)
_TABLE_OPTIONS = {"db_table", "tables"}
"""Options whose string is the name of a table: of `Meta`, of fields, of `extra()`."""


def named_tables(names: Names, tables: Collection[str]) -> list[tuple[int, str]]:
    """Line and table for each of the tables that the module names."""
    finder = TableNames(tables)
    found = {
        (line, table)
        for line, text, is_name in _texts(names)
        for table in ({text} & {*tables} if is_name else _named_in(finder, text))
    }
    return sorted(found)


def _named_in(finder: TableNames, text: str) -> set[str]:
    return finder.named_in(text) if _IS_SQL.search(text) else set()


def _texts(names: Names) -> Iterator[tuple[int, str, bool]]:
    """Line and text of each string that the module builds, and whether it is a table's name."""
    seen: set[ast.AST] = set()
    for node in names.module.nodes:  # outer nodes come before inner ones
        for value in _table_options(node):
            yield from ((line, text, True) for text, line in names.strings(value))
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                seen.add(docstring)
            case ast.Constant() | ast.JoinedStr() | ast.BinOp() | ast.Call() if node not in seen:
                parts = dict(_parts(names, node))
                seen |= parts.keys()
                yield node.lineno, "".join(parts.values()), False


def _table_options(node: ast.AST) -> Sequence[ast.expr]:
    """The expressions in a node that are names of tables."""
    match node:
        case ast.stmt():
            return [value for name, value in assignments(node) if name in _TABLE_OPTIONS]
        case ast.keyword(arg=str(name), value=value) if name in _TABLE_OPTIONS:
            return [value]
        case ast.Call(func=ast.Attribute(attr="AlterModelTable")):
            return [*filter(None, [argument(node, "table", 1)])]
        case ast.Dict(keys=keys, values=values):
            options = zip(keys, values, strict=True)
            return [each for key, each in options if getattr(key, "value", "") in _TABLE_OPTIONS]
    return []


def _parts(names: Names, node: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """The strings that an expression joins, in order, each with its node.

    A space stands for what is not constant, and before each piece that `%`, `format` and `join`
    put in.
    """
    match node:
        case ast.Constant(value=str(text)):
            yield node, text
        case ast.Name() | ast.FormattedValue(value=ast.Name()):
            yield node, names.module.text(node) or " "
        case ast.FormattedValue(value=value):
            yield node, " "
            yield from _parts(names, value)
        case ast.JoinedStr() | ast.BinOp(op=ast.Add()):
            yield node, ""
            for part in node.values if isinstance(node, ast.JoinedStr) else (node.left, node.right):
                yield from _parts(names, part)
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            yield node, ""
            yield from _put_in(names, [left, right])
        case ast.Call(func=ast.Attribute(value=left, attr="format" | "join")):
            yield node, ""
            values = [*node.args, *(each.value for each in node.keywords)]
            yield from _put_in(names, [left, *values])


def _put_in(names: Names, values: Sequence[ast.expr]) -> Iterator[tuple[ast.expr, str]]:
    for value in values:
        parts = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
        for part in parts:
            yield part, " "
            yield from ((each, f" {text}") for each, text in _parts(names, part))

"""The look-ups in a module: the names of columns and relations that its queries use.

Only constants are seen. The function that is called with a string, or the option of a class that
holds it, tells whether the string is a look-up.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from inspect import isclass

from django.db.models import F, Value
from django.db.models.expressions import BaseExpression

from monoservices.boundaries.analysis.loaded import object_at
from monoservices.boundaries.analysis.names import Names
from monoservices.boundaries.analysis.options import option_lookups
from monoservices.boundaries.analysis.query_words import (
    FILTERS,
    KEYWORDS,
    METHODS,
    Kind,
    Lookup,
    Starts,
    lookup_path,
)


def lookups(names: Names) -> Iterator[Lookup]:
    """All look-ups of a module: in its calls, and in the options of its classes."""
    yield from option_lookups(names)
    yield from _Visit(names).within(names.module.tree, frozenset())


@dataclass(frozen=True)
class _Visit:
    names: Names

    def within(self, node: ast.AST, starts: Starts) -> Iterator[Lookup]:
        """The look-ups in a node, inside a query that starts from `starts`."""
        if not isinstance(node, ast.Call):
            for child in ast.iter_child_nodes(node):
                yield from self.within(child, starts)
            return
        inner = self._starts(node) or starts
        yield from self._filters(node, inner)
        yield from self._columns(node, inner)
        yield from self._keywords(node, inner)
        yield from self.within(node.func, starts)
        for argument in (*node.args, *node.keywords):
            yield from self.within(argument, inner)

    def _starts(self, call: ast.Call) -> Starts:
        match call:
            case ast.Call(func=ast.Attribute(value=value)) if found := self.names.models(value):
                return frozenset(found)
            case ast.Call(args=[model, *_]) if _name(call).endswith("_or_404"):
                return frozenset(self.names.models(model))
        return frozenset()

    def _filters(self, call: ast.Call, starts: Starts) -> Iterator[Lookup]:
        """`filter(name=…, **{"name": …})`, `Q(("name", …))`, `complex_filter({"name": …})`."""
        if _name(call) in FILTERS:
            for keyword in call.keywords:
                if keyword.arg:
                    yield Lookup(keyword.arg, Kind.COLUMN, keyword.lineno, starts)
                else:
                    yield from self._strings(keyword.value, Kind.COLUMN, starts)
            for argument in call.args:
                match argument:
                    case ast.Tuple(elts=[first, _]) | (ast.Dict() as first):
                        yield from self._strings(first, Kind.COLUMN, starts)

    def _columns(self, call: ast.Call, starts: Starts) -> Iterator[Lookup]:
        """`values("name")`, `F("name")`, `Sum(expression="name")`, `select_related()`."""
        name = _name(call)
        if name in METHODS:
            for argument in call.args:
                yield from self._strings(argument, METHODS[name], starts)
            if name == "select_related" and not call.args:
                yield Lookup("", Kind.ALL, call.lineno, starts)
        elif self._is_expression(call.func):
            if name == "OuterRef":  # it names a column of the outer query
                starts = frozenset()
            for value in (*call.args, *(each.value for each in call.keywords)):
                yield from self._strings(value, Kind.COLUMN, starts)

    def _keywords(self, call: ast.Call, starts: Starts) -> Iterator[Lookup]:
        """`display(ordering="name")`, `CharField(source="item.name")`."""
        for keyword in call.keywords:
            if keyword.arg in KEYWORDS:
                for found in self._strings(keyword.value, KEYWORDS[keyword.arg], starts):
                    yield replace(found, text=found.text.replace(".", "__"))

    def _strings(self, node: ast.expr, kind: Kind, starts: Starts) -> Iterator[Lookup]:
        for text, line in self.names.strings(node):
            yield Lookup(lookup_path(text), kind, line, starts)

    def _is_expression(self, function: ast.expr) -> bool:
        """Whether a call makes one of Django's expressions, whose strings are look-ups."""
        for origin in self.names.origins(function):
            found = object_at(origin)
            if isclass(found) and issubclass(found, BaseExpression | F):
                return not issubclass(found, Value)
        return False


def _name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""

"""The look-ups in a module: names of columns and relations that Django's query methods are given.

Only constants are seen. Whether a string is a look-up is told by who is called with it, or by the
class attribute that it is assigned to.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from inspect import isclass

from django.db.models import F, Model, Value
from django.db.models.expressions import BaseExpression

from monoservices.boundaries.analysis.loaded import object_at
from monoservices.boundaries.analysis.names import Names
from monoservices.boundaries.analysis.query_words import (
    FILTERS,
    KEYWORDS,
    METHODS,
    OPTIONS,
    SHOWN,
    Kind,
)

Starts = frozenset[type[Model]]


@dataclass(frozen=True)
class Lookup:
    """A look-up: steps with `__` between them.

    starts: the models that it may start from; none where the text does not tell.
    """

    text: str
    kind: Kind
    line: int
    starts: Starts = frozenset()


def lookups(names: Names) -> Iterator[Lookup]:
    """All look-ups of a module."""
    yield from _Visit(names).within(names.module.tree, frozenset())


@dataclass(frozen=True)
class _Visit:
    names: Names

    def within(self, node: ast.AST, starts: Starts) -> Iterator[Lookup]:
        """Those in a node, in a query that starts from `starts`."""
        if isinstance(node, ast.ClassDef):
            yield from self._of_class(node)
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
            if name == "OuterRef":  # it is of a query around this one
                starts = frozenset()
            for value in (*call.args, *(each.value for each in call.keywords)):
                yield from self._strings(value, Kind.COLUMN, starts)

    def _keywords(self, call: ast.Call, starts: Starts) -> Iterator[Lookup]:
        """`display(ordering="name")`, `CharField(source="item.name")`."""
        for keyword in call.keywords:
            if keyword.arg in KEYWORDS:
                for found in self._strings(keyword.value, KEYWORDS[keyword.arg], starts):
                    yield replace(found, text=found.text.replace(".", "__"))

    def _of_class(self, node: ast.ClassDef) -> Iterator[Lookup]:
        """`ordering = ["name"]`; a method of that name stands for itself."""
        methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
        options = OPTIONS
        if self.names.module.part in {"admin", "forms"}:
            options = OPTIONS | SHOWN
        for statement in node.body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ) if name in options:
                    for part in _fields_in(value) if name == "fieldsets" else [value]:
                        for found in self._strings(part, options[name], frozenset()):
                            if found.text not in methods:
                                yield found

    def _strings(self, node: ast.expr, kind: Kind, starts: Starts) -> Iterator[Lookup]:
        for text, line in self.names.strings(node):
            yield Lookup(text.lstrip("-+^=@$"), kind, line, starts)

    def _is_expression(self, function: ast.expr) -> bool:
        """Whether it makes one of Django's expressions, whose strings are look-ups."""
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


def _fields_in(fieldsets: ast.expr) -> Iterator[ast.expr]:
    for node in ast.walk(fieldsets):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "fields":
                    yield value

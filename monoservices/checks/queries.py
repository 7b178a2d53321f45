"""The look-ups in a module: names of columns and relations that Django's query methods are given.

Only constants are seen. Whether a string is a look-up is told by who is called with it, or by the
class attribute that it is assigned to.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from inspect import isclass

from django.db.models import F, Model, Value
from django.db.models.expressions import BaseExpression

from monoservices.checks.loaded import object_at
from monoservices.checks.names import Names

Starts = frozenset[type[Model]]


class Kind(Enum):
    """What becomes of the last step of a look-up where it is a relation."""

    COLUMN = auto()  # its key is read
    ORDER = auto()  # its model's own ordering is applied
    OBJECT = auto()  # the row that it leads to is read
    ALL = auto()  # there are no steps: the rows that all relations lead to are read


@dataclass(frozen=True)
class Lookup:
    """A look-up: steps with `__` between them. starts: the models that it may start from.

    Without `starts`, the text does not tell.
    """

    text: str
    kind: Kind
    line: int
    starts: Starts = frozenset()


_FILTERS = (
    "Q When aget aget_object_or_404 aget_or_create aupdate_or_create complex_filter"
    " exclude filter get get_list_or_404 get_object_or_404 get_or_create update_or_create"
).split()
"""Calls whose keywords are look-ups."""

_METHODS = {
    Kind.COLUMN: "adates dates datetimes defer distinct only values values_list".split(),
    Kind.ORDER: "aearliest alatest earliest latest order_by".split(),
    Kind.OBJECT: (
        "FilteredRelation Prefetch aprefetch_related_objects prefetch_related"
        " prefetch_related_objects select_related"
    ).split(),
}
"""Calls whose strings are look-ups."""

_KEYWORDS = {
    "field_name": Kind.COLUMN,
    "limit_choices_to": Kind.COLUMN,
    "order_by": Kind.ORDER,
    "ordering": Kind.ORDER,
    "source": Kind.COLUMN,
}
"""Keywords of any call whose strings are look-ups."""

_OPTIONS = {
    Kind.COLUMN: (
        "date_hierarchy filter_fields filterset_fields limit_choices_to lookup_field"
        " ordering_fields search_fields sortable_by"
    ).split(),
    Kind.ORDER: "get_latest_by ordering".split(),
    Kind.OBJECT: (
        "autocomplete_fields list_display list_editable list_filter list_select_related"
        " raw_id_fields radio_fields readonly_fields"
    ).split(),
}
"""Attributes of classes whose strings are look-ups."""

_FORMS = ("fields", "fieldsets")
"""Attributes of admin and form classes that say what is shown: of a relation, its row."""


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
        elif isinstance(node, ast.Call):
            own = self._starts(node)
            yield from self._of_call(node, own or starts)
            yield from self.within(node.func, starts)
            for argument in (*node.args, *node.keywords):
                yield from self.within(argument, own or starts)
            return
        for child in ast.iter_child_nodes(node):
            yield from self.within(child, starts)

    def _starts(self, call: ast.Call) -> Starts:
        match call:
            case ast.Call(func=ast.Attribute(value=value)) if found := self.names.models(value):
                return frozenset(found)
            case ast.Call(func=func, args=[model, *_]) if _name(func).endswith("_or_404"):
                return frozenset(self.names.models(model))
        return frozenset()

    def _of_call(self, call: ast.Call, starts: Starts) -> Iterator[Lookup]:
        name = _name(call.func)
        if name in _FILTERS:
            for keyword in call.keywords:
                if keyword.arg:
                    yield Lookup(keyword.arg, Kind.COLUMN, keyword.lineno, starts)
                else:
                    yield from self._strings(keyword.value, Kind.COLUMN, starts)
            for argument in call.args:
                match argument:
                    case ast.Tuple(elts=[first, _]) | (ast.Dict() as first):  # Q(("name", value))
                        yield from self._strings(first, Kind.COLUMN, starts)
        for kind, known in _METHODS.items():
            if name in known:
                for argument in call.args:
                    yield from self._strings(argument, kind, starts)
        if name == "select_related" and not (call.args or call.keywords):
            yield Lookup("", Kind.ALL, call.lineno, starts)
        if self._is_expression(call.func):
            for value in (*call.args, *(each.value for each in call.keywords)):
                yield from self._strings(
                    value, Kind.COLUMN, frozenset() if name == "OuterRef" else starts
                )
        for keyword in call.keywords:
            if keyword.arg in _KEYWORDS:
                for found in self._strings(keyword.value, _KEYWORDS[keyword.arg], starts):
                    yield replace(found, text=found.text.replace(".", "__"))

    def _of_class(self, node: ast.ClassDef) -> Iterator[Lookup]:
        methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
        options = {option: kind for kind, known in _OPTIONS.items() for option in known}
        if self.names.module.part in {"admin", "forms"}:
            options |= dict.fromkeys(_FORMS, Kind.OBJECT)
        for statement in node.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in options:
                    pass
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if (
                    name in options
                ):
                    pass
                case _:
                    continue
            for part in _fields_in(value) if name == "fieldsets" else [value]:
                for found in self._strings(part, options[name], frozenset()):
                    if found.text not in methods:
                        yield found

    def _strings(self, node: ast.expr, kind: Kind, starts: Starts) -> Iterator[Lookup]:
        for text, line in self.names.strings(node):
            yield Lookup(text.lstrip("-+^=@$"), kind, line, starts)

    def _is_expression(self, function: ast.expr) -> bool:
        """Whether it is one of Django's expressions, whose strings are look-ups, or made of one."""
        for origin in self.names.origins(function):
            found = object_at(origin)
            if isclass(found) and issubclass(found, BaseExpression | F):
                return not issubclass(found, Value)
        return False


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _fields_in(fieldsets: ast.expr) -> Iterator[ast.expr]:
    for node in ast.walk(fieldsets):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "fields":
                    yield value

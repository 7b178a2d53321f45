"""Resolves names and expressions of a module, as far as its text tells."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property

from django.db.models import Model

from monoservices.boundaries.analysis.loaded import models_at
from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import service_of_module
from monoservices.services.source import Module, assignments, modules

_MAX_STEPS = 6
"""How many assignments the search follows from a name."""


def code(service: ServiceConfig) -> Iterator["Names"]:
    """The modules of a service without its tests and migrations."""
    for module in modules(service):
        if not (module.is_test or module.part == "migrations"):
            yield names(module)


@cache
def names(module: Module) -> "Names":
    return Names(module)


class Names:
    """The names of a module. All scopes count as one: a name stands for each of its values."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def origins(self, node: ast.AST | None, seen: frozenset[str] = frozenset()) -> set[str]:
        """Dotted origins of an expression, such as `shop.models.Item.objects.filter()`.

        A call ends in `()`, an index in `[]`. The origin of an unknown name is the name.
        """
        match node:
            case ast.Name(id=name):
                return self._origins_of_name(name, seen)
            case (
                ast.Call(func=ast.Name(id="getattr"), args=[owner, ast.Constant(value=str(name))])
                | ast.Attribute(value=owner, attr=name)
            ):
                owners, suffix = [owner], f".{name}"
            case ast.Call(func=owner):
                owners, suffix = [owner], "()"
            case ast.Subscript(value=owner):
                owners, suffix = [owner], "[]"
            case ast.Await(value=owner) | ast.NamedExpr(value=owner):
                owners, suffix = [owner], ""
            case ast.IfExp(body=left, orelse=right) | ast.BinOp(left=left, right=right):
                owners, suffix = [left, right], ""
            case _:
                return set()
        return {f"{each}{suffix}" for owner in owners for each in self.origins(owner, seen)}

    def models(self, node: ast.AST | None) -> set[type[Model]]:
        """The models that an expression may begin at: `Item.objects.filter(…)` at `Item`."""
        return {model for origin in self.origins(node) for model in models_at(origin)}

    def strings(
        self, node: ast.expr | None, seen: frozenset[str] = frozenset()
    ) -> Iterator[tuple[str, int]]:
        """The constant strings in an expression, with their lines; of a dictionary, its keys."""
        match node:
            case ast.Name(id=name) if name not in seen and len(seen) < _MAX_STEPS:
                for value in self._values(name):
                    for text, _ in self.strings(value, seen | {name}):
                        yield text, node.lineno
            case ast.expr() if text := self.module.text(node) or "":
                yield text, node.lineno
            case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
                yield from ((each.arg, each.value.lineno) for each in keywords if each.arg)
            case _:
                for part in _parts(node):
                    yield from self.strings(part, seen)

    def _values(self, name: str) -> list[ast.expr]:
        """The values of a name, here or in the module of the service that defines it."""
        owner, _, attribute = self.module.imported.get(name, "").rpartition(".")
        if service_of_module(owner) is self.module.service:
            for module in modules(self.module.service):
                if module.name == owner:
                    return names(module).assigned.get(attribute, [])
        return self.assigned.get(name, [])

    def _origins_of_name(self, name: str, seen: frozenset[str]) -> set[str]:
        if name in self.module.imported:
            return {self.module.imported[name]}
        found = set()
        if name not in seen and len(seen) < _MAX_STEPS:
            for value in self.assigned.get(name, []):
                found |= self.origins(value, seen | {name})
            for annotation in self._annotations.get(name, []):
                found |= self._origins_of_annotation(annotation, seen | {name})
        if name in self._classes:
            return {f"{self.module.name}.{name}"}
        return found or {name, *(f"{each}{name}" for each in self._stars)}

    def _origins_of_annotation(self, node: ast.expr, seen: frozenset[str]) -> set[str]:
        match node:
            case ast.Subscript(slice=ast.Name() | ast.Attribute() as argument):
                return self.origins(argument, seen)  # QuerySet[Item]
            case ast.Constant(value=str(text)):
                try:
                    return self._origins_of_annotation(ast.parse(text, mode="eval").body, seen)
                except SyntaxError:
                    return set()
            case ast.BinOp(left=left):  # Item | None
                return self._origins_of_annotation(left, seen)
        return self.origins(node, seen)

    @cached_property
    def assigned(self) -> Mapping[str, list[ast.expr]]:
        """Every value that is assigned to each name, in all scopes of the module."""
        found = defaultdict(list)
        for node in self.module.nodes:
            for name, value in assignments(node):
                found[name].append(value)
            match node:
                case ast.For(
                    target=ast.Name(id=name), iter=ast.Tuple(elts=parts) | ast.List(elts=parts)
                ):
                    found[name] += parts
        return found

    @cached_property
    def _annotations(self) -> Mapping[str, list[ast.expr]]:
        found = defaultdict(list)
        for node in self.module.nodes:
            match node:
                case ast.arg(arg=name, annotation=ast.expr() as annotation):
                    found[name].append(annotation)
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=None):
                    found[name].append(annotation)
        return found

    @cached_property
    def _stars(self) -> tuple[str, ...]:
        """The origins of `import *`, as prefixes: `sales.models.`."""
        origins = (origin for _, origin in self.module.imports)
        return tuple(each.removesuffix("*") for each in origins if each.endswith(".*"))

    @cached_property
    def _classes(self) -> frozenset[str]:
        return frozenset(each.name for each in self.module.nodes if isinstance(each, ast.ClassDef))


def argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    """The argument that a call passes by this name or, if it passes none, at this position."""
    named = [each.value for each in call.keywords if each.arg == name]
    return next(iter([*named, *call.args[position:]]), None)


def _parts(node: ast.expr | None) -> Sequence[ast.expr | None]:
    """The parts of an expression: elements, keys of a dictionary, sides of an operator."""
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return parts
        case ast.Dict(keys=keys):
            return keys
        case ast.Starred(value=value):
            return [value]
        case ast.IfExp(body=left, orelse=right) | ast.BinOp(left=left, right=right):
            return [left, right]
    return []

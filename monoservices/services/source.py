"""The source code of services, parsed once per version of a file."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import (
    COMMUNICATION,
    is_test_name,
    part_of,
    service_of_module,
)

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.expr
"""The code behind a name: a function, or the value of a constant."""


@dataclass(frozen=True, eq=False)
class Module:
    """The source of one module of a service. name: dotted, such as `apps.orders.views`."""

    service: ServiceConfig
    name: str
    path: Path
    tree: ast.Module

    @cached_property
    def part(self) -> str:
        return part_of(self.name, self.service)

    @property
    def is_communication(self) -> bool:
        return self.part == COMMUNICATION

    @property
    def is_test(self) -> bool:
        return is_test_name(self.part)

    @property
    def shown_path(self) -> str:
        return shown_path(self.path)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def imports(self) -> tuple[tuple[int, str], ...]:
        """Line and dotted origin of every name in an import statement."""
        return tuple(
            (node.lineno, origin)
            for node in self._import_statements
            for origin in self.imported_by(node)
        )

    @cached_property
    def imported(self) -> Mapping[str, str]:
        """The dotted origin of each local name that an import statement binds."""
        names: dict[str, str] = {}
        for node in self._import_statements:
            for alias, origin in zip(node.names, self.imported_by(node), strict=True):
                if isinstance(node, ast.ImportFrom) or alias.asname:
                    names[alias.asname or alias.name] = origin
                else:  # `import a.b` binds `a`
                    top = alias.name.partition(".")[0]
                    names[top] = top
        return names

    def imported_by(self, node: ast.Import | ast.ImportFrom) -> list[str]:
        """The dotted origin of each name in this import statement."""
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        origin = self.absolute(node.module or "", node.level)
        return [f"{origin}.{alias.name}" for alias in node.names]

    @cached_property
    def exported(self) -> frozenset[str]:
        """The names in `__all__` that are constants."""
        names = self._assigned.get("__all__")
        elements = names.elts if isinstance(names, ast.List | ast.Tuple) else []
        return frozenset(filter(None, map(self.text, elements)))

    @cached_property
    def definitions(self) -> Mapping[str, Definition]:
        """The code behind each top-level name."""
        found: dict[str, Definition] = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[node.name] = node
            found.update(assignments(node))
        return found

    @property
    def _import_statements(self) -> Iterator[ast.Import | ast.ImportFrom]:
        return (node for node in self.nodes if isinstance(node, ast.Import | ast.ImportFrom))

    def absolute(self, name: str, level: int) -> str:
        """The dotted name that `name` after `level` dots has in this module."""
        if not level:
            return name
        parts = self.name.split(".")
        if self.path.name == "__init__.py":
            level -= 1
        return ".".join([*parts[: len(parts) - level], *filter(None, [name])])

    def origin(self, node: ast.AST | None, depth: int = 8) -> str:
        """The dotted origin of an imported name or of a chain of attributes of it; else "".

        A name that is not imported stands for the value that this module assigns to it.
        """
        match node:
            case ast.Name(id=name) if name in self.imported:
                return self.imported[name]
            case ast.Name(id=name) if depth:
                return self.origin(self._assigned.get(name), depth - 1)
            case ast.Attribute(value=value, attr=name):
                owner = self.origin(value, depth)
                return f"{owner}.{name}" if owner else ""
        return ""

    def text(self, node: ast.AST | None, depth: int = 8) -> str | None:
        """The string that an expression evaluates to, if the expression is constant.

        A name stands for the value that this module assigns to it, in whichever scope.
        """
        match node:
            case ast.Constant(value=str(value)):
                return value
            case ast.Name(id=name) if depth:
                return self.text(self._assigned.get(name), depth - 1)
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self.text(value, depth)
            case ast.JoinedStr(values=parts):
                return self._joined([self.text(part, depth) for part in parts])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined([self.text(left, depth), self.text(right, depth)])
        return None

    @staticmethod
    def _joined(parts: list[str | None]) -> str | None:
        known = [part for part in parts if part is not None]
        return "".join(known) if len(known) == len(parts) else None

    @cached_property
    def _assigned(self) -> Mapping[str, ast.expr]:
        return dict(pair for node in self.nodes for pair in assignments(node))


def assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The names that a statement or expression assigns a value to, each with the value."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((each.id, value) for each in targets if isinstance(each, ast.Name))
        case (
            ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            | ast.NamedExpr(target=ast.Name(id=name), value=value)
        ):
            yield name, value


def modules(service: ServiceConfig) -> tuple[Module, ...]:
    """All modules of the service, with tests and migrations, without nested services.

    A file that this Python cannot parse is left out: this Python cannot run it either.
    """
    return _parsed(service, sorted(Path(service.path).rglob("*.py")))


def communication_sources(service: ServiceConfig) -> tuple[Module, ...]:
    """The communication module of the service: none, one, or the modules of a package.

    Nothing else is parsed: the first call of a crossing waits for this.
    """
    top = Path(service.path, COMMUNICATION)
    paths = (top.with_suffix(".py"), *sorted(top.rglob("*.py")))
    return _parsed(service, filter(Path.is_file, paths))


def shown_path(path: Path) -> str:
    """The path as messages show it: relative to the current directory if it lies below."""
    current = Path.cwd()
    return str(path.relative_to(current) if path.is_relative_to(current) else path)


def _parsed(service: ServiceConfig, paths: Iterable[Path]) -> tuple[Module, ...]:
    found = (_module(service, path, path.stat().st_mtime_ns) for path in paths)
    return tuple(module for module in found if module)


@cache
def _module(service: ServiceConfig, path: Path, mtime: int) -> Module | None:
    """The module in a file; None if it belongs to a nested service, or cannot be parsed."""
    below = path.relative_to(service.path).with_suffix("")
    parts = below.parts[:-1] if below.name == "__init__" else below.parts
    name = ".".join([service.name, *parts])
    if service_of_module(name) is not service or not all(map(str.isidentifier, below.parts[:-1])):
        return None
    try:
        return Module(service, name, path, ast.parse(path.read_bytes(), str(path)))
    except (SyntaxError, ValueError):
        return None

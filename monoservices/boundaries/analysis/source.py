"""The source of services, parsed once."""

import ast
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from monoservices.boundaries.analysis.places import parsed, shown
from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import COMMUNICATION, part_of, service_of_module


@dataclass(frozen=True, eq=False)
class Module:
    """A module of a service.

    name: dotted, such as `apps.orders.views`. path: of its file.
    """

    service: ServiceConfig
    name: str
    path: Path
    tree: ast.Module

    @cached_property
    def part(self) -> str:
        """The first name below the service: `views`, `tests`; "" for the package itself."""
        return part_of(self.name, self.service)

    @property
    def is_communication(self) -> bool:
        return self.part == COMMUNICATION

    @property
    def is_test(self) -> bool:
        return self.part in {"tests", "conftest"} or self.part.startswith("test_")

    @property
    def shown_path(self) -> str:
        return shown(self.path)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def imports(self) -> tuple[tuple[int, str], ...]:
        """Line and dotted origin of everything that an import statement names."""
        return tuple(
            (node.lineno, f"{origin}.{alias.name}" if origin else alias.name)
            for node, origin in self._import_statements
            for alias in node.names
        )

    @cached_property
    def imported(self) -> Mapping[str, str]:
        """What each local name stands for, by all import statements: `p` -> `apps.products`."""
        names: dict[str, str] = {}
        for node, origin in self._import_statements:
            for alias in node.names:
                if origin:
                    names[alias.asname or alias.name] = f"{origin}.{alias.name}"
                elif alias.asname:
                    names[alias.asname] = alias.name
                else:  # `import a.b` binds `a`
                    top = alias.name.partition(".")[0]
                    names[top] = top
        return names

    @cached_property
    def exported(self) -> frozenset[str]:
        """The names in `__all__`, as far as they are constants."""
        names = self._assigned.get("__all__")
        elements = names.elts if isinstance(names, ast.List | ast.Tuple) else []
        return frozenset(filter(None, map(self.text, elements)))

    @cached_property
    def _import_statements(self) -> tuple[tuple[ast.Import | ast.ImportFrom, str], ...]:
        return tuple(
            (node, self.absolute(node.module or "", node.level))
            if isinstance(node, ast.ImportFrom)
            else (node, "")
            for node in self.nodes
            if isinstance(node, ast.Import | ast.ImportFrom)
        )

    def absolute(self, name: str, level: int) -> str:
        """The dotted name of what is `name` after `level` dots in this module."""
        if not level:
            return name
        parts = self.name.split(".")
        if self.path.name == "__init__.py":
            level -= 1
        return ".".join([*parts[: len(parts) - level], *filter(None, [name])])

    def origin(self, node: ast.AST | None, depth: int = 8) -> str:
        """The dotted origin of a name or a chain of attributes, by the imports; "" for others.

        A name that is not imported stands for what is assigned to it in this module.
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
        """The string that an expression stands for, where it is constant.

        A name stands for what is assigned to it in this module, wherever that is.
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
        names: dict[str, ast.expr] = {}
        for node in self.nodes:
            match node:
                case ast.Assign(targets=targets, value=value):
                    names |= {each.id: value for each in targets if isinstance(each, ast.Name)}
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    names[name] = value
                case ast.NamedExpr(target=ast.Name(id=name), value=value):
                    names[name] = value
        return names


def modules(service: ServiceConfig) -> tuple[Module, ...]:
    """All modules of the service, tests and migrations included, without those of services in it.

    What this Python cannot parse it cannot run either, and is left out.
    """
    found = (_module(service, path, path.stat().st_mtime_ns) for path in _files(service))
    return tuple(module for module in found if module)


def communication(service: ServiceConfig) -> tuple[Module, ...]:
    """The communication module of the service: none, one, or those of a package."""
    return tuple(module for module in modules(service) if module.is_communication)


def _files(service: ServiceConfig) -> Iterator[Path]:
    for directory, subdirectories, files in os.walk(service.path):
        subdirectories[:] = sorted(each for each in subdirectories if each.isidentifier())
        if "__pycache__" in subdirectories:
            subdirectories.remove("__pycache__")
        yield from (Path(directory, file) for file in sorted(files) if file.endswith(".py"))


@cache
def _module(service: ServiceConfig, path: Path, mtime: int) -> Module | None:
    below = path.relative_to(service.path).with_suffix("")
    parts = below.parts[:-1] if below.name == "__init__" else below.parts
    name = ".".join([service.name, *parts])
    tree = parsed(path, mtime) if service_of_module(name) is service else None
    return Module(service, name, path, tree) if tree else None

"""Where in the source something is."""

import ast
import inspect
from functools import cache
from pathlib import Path


def where(cls: type, name: str = "") -> tuple[str, int]:
    """Path and line at which the class, or a base of it, sets its attribute `name`.

    Where none does, and without a name, those of the class itself.
    """
    found = None
    for each in cls.__mro__:
        path = _source_file(each)
        body = path and _class_body(path, each)
        if path and body:
            line = body.get(name) if name else body[""]
            if line:
                return shown(path), line
            found = found or (shown(path), body[""])
    return found or (cls.__module__, 1)


def shown(path: Path) -> str:
    """The path as messages show it: relative to the current directory, where it is below it."""
    current = Path.cwd()
    return str(path.relative_to(current) if path.is_relative_to(current) else path)


@cache
def parsed(path: Path, mtime: int) -> ast.Module | None:
    """The tree of a file; None where it cannot be parsed."""
    try:
        return ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError):
        return None


def _source_file(cls: type) -> Path | None:
    try:
        file = inspect.getsourcefile(cls)
    except TypeError:  # it is built in
        return None
    return Path(file) if file and Path(file).is_file() else None


def _class_body(path: Path, cls: type) -> dict[str, int] | None:
    """Lines of the attributes that the class sets in this file; its own under ""."""
    tree = parsed(path, path.stat().st_mtime_ns)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
            lines = {"": node.lineno}
            for statement in node.body:
                match statement:
                    case ast.Assign(targets=targets):
                        names = [each.id for each in targets if isinstance(each, ast.Name)]
                    case ast.AnnAssign(target=ast.Name(id=name)):
                        names = [name]
                    case _:
                        names = []
                lines |= dict.fromkeys(names, statement.lineno)
            return lines
    return None

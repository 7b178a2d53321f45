"""Where a class and its attributes stand in the source."""

import ast
import inspect
from pathlib import Path

from monoservices.services.source import parse_file, shown_path


def where(cls: type, name: str = "") -> tuple[str, int]:
    """Path and line at which the class, or one of its bases, sets the attribute `name`.

    If none of them does, and without a name: path and line of the class itself.
    """
    found = None
    for each in cls.__mro__:
        path = _source_file(each)
        body = path and _class_body(path, each)
        if path and body:
            line = body.get(name) if name else body[""]
            if line:
                return shown_path(path), line
            found = found or (shown_path(path), body[""])
    return found or (cls.__module__, 1)


def _source_file(cls: type) -> Path | None:
    try:
        file = inspect.getsourcefile(cls)
    except TypeError:  # a built-in class
        return None
    return Path(file) if file and Path(file).is_file() else None


def _class_body(path: Path, cls: type) -> dict[str, int] | None:
    """The line of each attribute that the class sets in this file; its own line under ""."""
    tree = parse_file(path, path.stat().st_mtime_ns)
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

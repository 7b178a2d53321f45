"""Where a class and its attributes stand in the source."""

import ast
import inspect
from pathlib import Path

from monoservices.services.source import assignments, shown_path


def where(cls: type, name: str = "") -> tuple[str, int]:
    """Path and line at which a class, or one of its bases, sets an attribute; else of the class."""
    found = None
    for each in cls.__mro__:
        try:
            path = Path(inspect.getsourcefile(each) or "")
            nodes = ast.walk(ast.parse(path.read_bytes()))
        except (OSError, SyntaxError, TypeError, ValueError):  # such as a built-in class
            continue
        for node in nodes:
            if isinstance(node, ast.ClassDef) and node.name == each.__name__:
                found = found or (shown_path(path), node.lineno)
                for statement in node.body:
                    if name in dict(assignments(statement)):
                        return shown_path(path), statement.lineno
        if found and not name:
            break
    return found or (cls.__module__, 1)

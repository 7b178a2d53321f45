"""Documents that can be followed: their commands are run, their files written."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tests.__main__ import ROOT
from tests.starting.copies import Directory

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w/]+\.py)`[^`]*\Z")


class Step(NamedTuple):
    """One block of a document. file: what a block of Python is of."""

    kind: str
    text: str
    file: str = ""
    is_added: bool = False


def steps(name: str) -> Iterator[Step]:
    """The blocks of a document below `docs/`, in their order.

    The words before a block of Python name the file that it is: "Let `file` be:", or "Add to the
    end of `file`:".
    """
    text, end = (ROOT / "docs" / name).read_text(), 0
    for block in _BLOCK.finditer(text):
        before, end = text[end : block.start()], block.end()
        kind, content = block.groups()
        if kind != "python":
            yield Step(kind, content)
            continue
        named = _FILE.search(before)
        assert named, f"{name}: what file is this?\n{content}"
        yield Step(kind, content, named[1], "Add to the end of" in before.split("\n\n")[-2])


def follow(name: str, project: Directory, instead: Mapping[str, str] | None = None) -> None:
    """Do what a document says. instead: other commands, by those that are replaced."""
    unused = dict(instead or {})
    for step in steps(name):
        if step.kind == "python":
            file = project.path / step.file
            written = f"{file.read_text()}\n\n" if step.is_added else ""
            file.write_text(written + step.text)
            continue
        assert step.kind == "sh", step
        for line in step.text.splitlines():
            command = unused.pop(line, line)
            if command.startswith("make "):
                # Nothing is to be installed here.
                command = f"make --no-print-directory -o install-dev -o install {command[5:]}"
            project.run(command)
    assert not unused, f"{name} has no {unused}"

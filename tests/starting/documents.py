"""Documents that can be followed: a test runs their commands and writes their files."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from tests.__main__ import ROOT
from tests.starting.copies import Directory

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w/]+\.py)`[^`]*\Z")


class Step(NamedTuple):
    """One block of a document. file: the file that a block of Python belongs to."""

    kind: str
    text: str = ""
    file: str = ""
    is_added: bool = False


def steps(name: str) -> Iterator[Step]:
    """The blocks of a document, in their order.

    The words before a block of Python name its file: "Let `file` be:", or "Add to the end of
    `file`:". A block of text shows what the last command before it prints; that command fails.
    """
    text, end = (ROOT / name).read_text(), 0
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
    """Do what a document says. instead: other commands, by the commands that they replace."""
    unused = dict(instead or {})
    for step, following in pairwise([*steps(name), Step("end")]):
        if step.kind == "python":
            file = project.path / step.file
            written = f"{file.read_text()}\n\n" if step.is_added else ""
            file.write_text(written + step.text)
        elif step.kind == "sh":
            commands = [unused.pop(line, line) for line in step.text.splitlines()]
            last = commands.pop() if following.kind == "text" else None
            for command in commands:
                _run(command, project)
            if last is not None:
                assert following.text in project.run(last, fails=True)
        else:
            assert step.kind in {"", "text"}, step
    assert not unused, f"{name} has no {unused}"


def _run(command: str, project: Directory) -> None:
    if command.startswith("make "):
        # Everything is installed already.
        command = f"make --no-print-directory -o install-dev -o install {command[5:]}"
    project.run(command)

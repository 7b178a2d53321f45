"""What a mutation is: edits of the project, and who catches what they break."""

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

GUARD = "guard"


@dataclass(frozen=True)
class Edit:
    """Text that takes the place of `old`, which is in the file once.

    Without `old`, what is added to the end of the file, which is made where it is not there.
    """

    path: str
    new: str
    old: str = ""

    def apply(self, root: Path) -> None:
        """Raises ValueError where the file does not have the old text exactly once."""
        file = root / self.path
        text = file.read_text() if file.exists() else ""
        if not self.old:
            text += f"\n\n{self.new}" if text else self.new
        elif text.count(self.old) == 1:
            text = text.replace(self.old, self.new)
        else:
            raise ValueError(f"{self.path} has {text.count(self.old)} times: {self.old}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def added(path: str, new: str) -> Edit:
    """An edit that adds to the end of a file, or makes it."""
    return Edit(path, dedent(new).lstrip())


def replaced(path: str, old: str, new: str) -> Edit:
    """An edit that replaces what is in the file once."""
    return Edit(path, new, old)


@dataclass(frozen=True)
class Caught:
    """Who catches a mutation, and where.

    by: the id of a check, or GUARD. line: the text of the line that the message names, without
    indentation; "" where it names a class and no line. path: its file, "" for that of the first
    edit.
    """

    by: str
    line: str
    path: str = ""


@dataclass(frozen=True)
class Mutation:
    """A violation.

    kind: the heading that it stands under in the documents. name: of its test. what: a phrase for
    the documents. run: Python that reaches it, for the guard; "" where no statement is run. caught:
    everything that is said about it, and nothing else.
    """

    kind: str
    name: str
    what: str
    edits: tuple[Edit, ...]
    caught: tuple[Caught, ...]
    run: str = ""

    def places(self) -> list[tuple[str, str, str]]:
        """By whom, in which file and at which line it is caught, sorted."""
        return sorted((each.by, each.path or self.edits[0].path, each.line) for each in self.caught)

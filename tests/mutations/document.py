"""The table as Markdown: `python -m tests.mutations.document`."""

from itertools import groupby

from tests.mutations.mutation import GUARD, Mutation
from tests.mutations.table import MUTATIONS


def document() -> str:
    """A table for each kind, with the line that is blamed and by whom."""
    tables = []
    for kind, mutations in groupby(MUTATIONS, key=lambda mutation: mutation.kind):
        head = f"| {kind} | where, and at which line | caught by |\n|---|---|---|\n"
        tables.append(head + "".join(map(_row, mutations)))
    return "\n".join(tables)


def _row(mutation: Mutation) -> str:
    first = mutation.caught[0]
    path = (first.path or mutation.edits[0].path).removeprefix("apps/")
    line = first.line if len(first.line) < 100 else first.line[:96] + " …"
    code = f"`{path}`: `{line}`" if line else f"`{path}`"
    by = ", ".join("the guard" if by == GUARD else by for by in _by(mutation))
    return f"| {mutation.what} | {code.replace('|', chr(92) + '|')} | {by} |\n"


def _by(mutation: Mutation) -> list[str]:
    """By whom it is caught, checks first, each once."""
    return list(dict.fromkeys(each.by for each in mutation.caught))


if __name__ == "__main__":
    print(document(), end="")

"""The shell commands of a guide, by its headings."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def carry_out(
    page: Path,
    heading: str,
    run: Callable[[str], str],
    *,
    instead: Mapping[str, str] | None = None,
) -> list[str]:
    """Run the blocks below a heading, each as a script. Return what each printed.

    instead: other commands, by the lines that they replace; every one must be there.
    """
    section = page.read_text().split(f"\n## {heading}\n", maxsplit=1)[1].split("\n## ")[0]
    unused, printed = dict(instead or {}), []
    for block in _BLOCK.findall(section):
        lines = [unused.pop(line, line) for line in block.splitlines()]
        printed.append(run("\n".join(lines)))
    assert not unused, f"{page} has no {unused}"
    return printed

"""E017: the baseline, a file of known violations that may only shrink.

A project that adopts the rules starts with violations. The setting BOUNDARIES_BASELINE names a file
that lists the known ones, one JSON object per line, so that a diff shows each one that goes:

    {"id": "E001", "path": "shop/views.py", "service": "shop", "other": "stock", "what": "…"}

A listed violation is not an error; any other is. An entry has no line number: the source may move.
Two equal violations in one file need two entries.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from monoservices.boundaries.rules import ANY_SERVICE, Violation
from monoservices.services.config import services
from monoservices.services.source import shown_path


class Entry(NamedTuple):
    """A known violation. path: relative to the directory of the baseline."""

    id: str
    path: str
    service: str
    other: str
    what: str


def baseline_path() -> Path | None:
    """The file that the setting names, whether or not it exists."""
    name = getattr(settings, "BOUNDARIES_BASELINE", None)
    return Path(name).resolve() if name else None


def remove_known(found: Iterable[Violation]) -> list[Violation]:
    """The violations that the baseline does not list, and one for each entry that is outdated."""
    path = baseline_path()
    if path is None:
        return sorted(found)
    known = read(path)
    new, gone = compare(found, known, path)
    return sorted([*new, *(_gone(path, line, known[line - 1]) for line in gone)])


def compare(
    found: Iterable[Violation], known: Sequence[Entry], path: Path
) -> tuple[list[Violation], list[int]]:
    """The violations that are not known, and the lines of the entries that no longer occur.

    Entries of services that are not installed are kept: nothing can be said about them.
    """
    remaining = Counter(known)
    new = []
    for violation in sorted(found):
        entry = entry_of(violation, path)
        if remaining[entry]:
            remaining[entry] -= 1
        else:
            new.append(violation)
    gone = []
    labels = {ANY_SERVICE, "", *(each.label for each in services())}
    for line, entry in reversed(list(enumerate(known, start=1))):
        if remaining[entry] and {entry.service, entry.other} <= labels:
            remaining[entry] -= 1
            gone.append(line)
    return new, gone


def entry_of(violation: Violation, path: Path) -> Entry:
    """The entry that lists a violation in the baseline `path`."""
    source = Path(os.path.relpath(Path(violation.path).resolve(), path.parent)).as_posix()
    return Entry(violation.id, source, violation.service, violation.other, violation.what)


def read(path: Path) -> list[Entry]:
    """The entries of a baseline; none if the file does not exist.

    Raises ImproperlyConfigured for a line that is not an entry.
    """
    entries = []
    for number, line in enumerate(path.read_bytes().splitlines() if path.exists() else (), start=1):
        try:
            entry = Entry(**json.loads(line))
        except (TypeError, ValueError) as error:  # not JSON, or no object with these keys
            problem = f"expected an object with {', '.join(Entry._fields)}"
            raise ImproperlyConfigured(f"{shown_path(path)}:{number}: {problem}") from error
        if not all(isinstance(each, str) for each in entry):
            raise ImproperlyConfigured(f"{shown_path(path)}:{number}: expected strings only")
        entries.append(entry)
    return entries


def write(path: Path, entries: Iterable[Entry]) -> None:
    """Write the baseline, sorted, so that its order does not depend on who writes it."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    lines = (f"{encode(each._asdict())}\n" for each in sorted(entries))
    path.write_text("".join(lines), encoding="utf-8")


def _gone(path: Path, line: int, entry: Entry) -> Violation:
    return Violation(
        id="E017",
        service=entry.service,
        other=entry.other,
        path=shown_path(path),
        line=line,
        what=f"{entry.id} no longer occurs in {entry.path}: {entry.what}",
        hint="Run manage.py boundaries_baseline. It removes this line, so that the violation"
        " cannot come back unnoticed.",
    )

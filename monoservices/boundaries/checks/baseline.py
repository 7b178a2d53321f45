"""E017: the file of known violations, which may only shrink.

A project that adopts the rules has violations. The file that the setting BOUNDARIES_BASELINE names
lists those that are known, one JSON object a line, so that a diff shows each that goes:

    {"id": "E001", "path": "shop/views.py", "service": "shop", "other": "stock", "what": "…"}

They are no errors, and what is not listed is one. Lines of the source do not count; two alike in
one file are two entries.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from monoservices.boundaries.analysis.places import shown
from monoservices.boundaries.checks.get_model import ANY
from monoservices.boundaries.checks.violations import Violation
from monoservices.services.config import services

GONE = "E017"


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """An entry. path: relative to the directory of the file of entries."""

    id: str
    path: str
    service: str
    other: str
    what: str


def baseline_path() -> Path | None:
    """The file that the setting names, whether it is there or not."""
    name = getattr(settings, "BOUNDARIES_BASELINE", None)
    return Path(name).resolve() if name else None


def apply(found: Iterable[Violation]) -> list[Violation]:
    """What remains of the violations that were found, and the entries that no longer occur."""
    path = baseline_path()
    if path is None:
        return sorted(found)
    known = read(path)
    new, gone = compare(found, known, path)
    return sorted([*new, *(_gone(path, line, known[line - 1]) for line in gone)])


def compare(
    found: Iterable[Violation], known: Sequence[Known], path: Path
) -> tuple[list[Violation], list[int]]:
    """The violations that are not known, and the lines of entries that no longer occur.

    Entries of services that are not installed are left alone: nobody can say.
    """
    left = Counter(known)
    new = []
    for violation in sorted(found):
        entry = entry_of(violation, path)
        if left[entry]:
            left[entry] -= 1
        else:
            new.append(violation)
    gone = []
    for line, entry in reversed(list(enumerate(known, start=1))):
        if left[entry] and _is_installed(entry):
            left[entry] -= 1
            gone.append(line)
    return new, gone


def entry_of(violation: Violation, path: Path) -> Known:
    """The entry that would make a violation known in the file `path`."""
    source = os.path.relpath(Path(violation.path).resolve(), path.parent)
    return Known(
        violation.id,
        Path(source).as_posix(),
        violation.service,
        violation.other,
        violation.what,
    )


def read(path: Path) -> list[Known]:
    """The entries of a file; none where it is not there yet.

    Raises ImproperlyConfigured where a line is no entry.
    """
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [_decoded(path, number, line) for number, line in enumerate(lines, start=1)]


def write(path: Path, entries: Iterable[Known]) -> None:
    """Write the file anew, in an order that does not depend on who writes it."""
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in sorted(entries)))


def _decoded(path: Path, number: int, line: bytes) -> Known:
    try:
        return msgspec.json.decode(line, type=Known)
    except msgspec.MsgspecError as error:
        raise ImproperlyConfigured(f"{shown(path)}:{number}: {error}") from error


def _is_installed(entry: Known) -> bool:
    return {entry.service, entry.other} <= {ANY, "", *(each.label for each in services())}


def _gone(path: Path, line: int, entry: Known) -> Violation:
    return Violation(
        id=GONE,
        service=entry.service,
        other=entry.other,
        path=shown(path),
        line=line,
        what=f"{entry.id} no longer occurs in {entry.path}: {entry.what}",
        hint="Run manage.py boundaries_baseline, which removes this line, so that it stays so.",
    )

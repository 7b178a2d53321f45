"""Readers must answer the same rows: they are compared field by field before they are measured."""

import json
import re
from collections.abc import Mapping
from typing import Any

from benchmarks.asking import ask
from benchmarks.load import Request
from benchmarks.reads.readers import READERS, request
from benchmarks.servers import BenchmarkError, ServerProcess

COMPARED = 5
"""How many requests of each kind are compared."""

WALKED = 500
"""How many pages of a list are walked. Their cursors are those of the random pages."""


def read(server: ServerProcess, asked: Request, *, seed: int = 0) -> Any:
    """Return the document of a response. Raises BenchmarkError if the status is not 200."""
    answer = ask(server.port, asked, seed=seed)
    if answer.status != 200:
        raise BenchmarkError(f"{asked.path}: {answer.status} {answer.body.decode()}\n{server.log}")
    return json.loads(answer.body)


def rows(document: Any) -> Any:
    """The rows of a page, or the document itself."""
    return document.get("results", document.get("items", document))


def walk(server: ServerProcess, first: Request, *, pages: int = WALKED) -> list[str]:
    """Follow a list from its first page, and return the cursors of the pages behind it."""
    cursors: list[str] = []
    while len(cursors) < pages:
        page = f"{first.path}?cursor={cursors[-1]}" if cursors else first.path
        document = read(server, Request("GET", page, first.headers))
        if (cursor := next_cursor(document)) is None:
            break
        cursors.append(cursor)
    return cursors


def next_cursor(document: Mapping[str, Any]) -> str | None:
    """The cursor of the next page, as a query string has it. Litestar sends the cursor alone."""
    if "cursor" in document:
        return None if document["cursor"] is None else str(document["cursor"])
    found = re.search(r"[?&]cursor=([^&]+)", document["next"] or "")
    return found[1] if found else None


def check(servers: Mapping[str, ServerProcess], loads: Mapping[tuple[str, str], Request]) -> None:
    """Raise BenchmarkError if a reader's rows differ from those of the first one, or are none.

    loads: by kind and reader.
    """
    ours, *_ = READERS
    for (kind, reader), load in loads.items():
        for seed in range(COMPARED):
            wanted, found = (
                rows(read(servers[READERS[name].server], loads[kind, name], seed=seed))
                for name in (ours, reader)
            )
            if not found:
                raise BenchmarkError(f"{reader}, {kind}: {load.path} has no rows.")
            if differing := list(differences(wanted, found)):
                raise BenchmarkError(f"{reader}, {kind}: {'; '.join(differing)}")


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """What differs, field by field. Fields may come in any order, rows may not."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        keys: list[Any] = sorted({*ours, *theirs})
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        keys = [*range(len(ours))]
    else:
        return [] if ours == theirs else [f"{path or 'document'}: {theirs!r} instead of {ours!r}"]
    found = []
    for key in keys:
        name = f"{path}.{key}".removeprefix(".")
        if isinstance(ours, dict) and (key not in ours or key not in theirs):
            found.append(f"{name}: only {'theirs' if key not in ours else 'ours'} has it")
        else:
            found += differences(ours[key], theirs[key], name)
    return found


def requests(
    servers: Mapping[str, ServerProcess],
    wanted: list[tuple[str, str]],
    *,
    secret: str,
    count: int,
    texts: Mapping[str, list[str]],
    lists: Mapping[str, str],
) -> dict[tuple[str, str], Request]:
    """The requests of kinds and readers. count: of rows. texts: by kind. lists: kinds to walk."""
    made = {}
    for kind, reader in wanted:
        server = servers[READERS[reader].server]
        found = texts.get(kind, [])
        if kind in lists:
            found = walk(server, request(lists[kind], reader, secret=secret, rows=count))
        made[kind, reader] = request(kind, reader, secret=secret, rows=count, texts=found)
    return made

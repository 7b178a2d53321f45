"""The response to an import over the API: the results of its rows, in constant memory."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated

import msgspec
from django.http import StreamingHttpResponse
from msgspec import UNSET, Meta, Struct, UnsetType

from apps.products.apps import MAX_IMPORT_BYTES
from apps.products.importing.importer import Outcome
from apps.products.importing.plan import Result
from apps.products.models import MAX_SKU
from monoservices.files.exporting import PIECE_BYTES

SPOOL_BYTES = 1024 * 1024
MOST_BYTES = MAX_IMPORT_BYTES
"""How long the list of rows may be: as long as a file. A file of empty lines has a report that is
fifty times longer than itself."""


class RowReport(Struct, kw_only=True):
    """The result of the row that starts at `line`. reason: why it was refused."""

    line: int
    sku: str
    result: Annotated[str, Meta(extra_json_schema={"enum": [each.value for each in Result]})]
    reason: str | UnsetType = UNSET


class ImportCounts(Struct, kw_only=True):
    """How many rows had which result. rows_omitted: how many of them the report does not list."""

    dry_run: bool
    created: int
    updated: int
    unchanged: int
    refused: int
    rows_omitted: int


class ImportReport(ImportCounts, kw_only=True):
    """The results of a file and of its rows, as far as the list may be long."""

    rows: list[RowReport]


def report_import(outcomes: Iterable[Outcome], *, dry_run: bool) -> StreamingHttpResponse:
    """Import everything, then respond with an ImportReport. Long reports are kept in a file.

    Raises OSError if the disk is full.
    """
    counts: Counter[Result] = Counter()
    omitted = 0
    with ExitStack() as until_read:
        rows: IO[bytes] = until_read.enter_context(SpooledTemporaryFile(SPOOL_BYTES))
        for outcome in outcomes:
            counts[outcome.result] += 1
            if rows.tell() >= MOST_BYTES:
                omitted += 1
                continue
            rows.write(b"," if rows.tell() else b"")
            sku = outcome.row.fields.get("sku", "")
            report = RowReport(
                line=outcome.row.line,
                sku=sku[:MAX_SKU] if isinstance(sku, str) else "",
                result=outcome.result,
                reason=outcome.reason or UNSET,
            )
            rows.write(msgspec.json.encode(report))
        until_read.pop_all()  # the response closes it
    by_result = {each.value: counts[each] for each in Result}
    summary = ImportCounts(dry_run=dry_run, **by_result, rows_omitted=omitted)
    head, tail = msgspec.json.encode(summary)[:-1] + b',"rows":[', b"]}"
    size = len(head) + rows.tell() + len(tail)
    return StreamingHttpResponse(
        _Report(head, rows, tail),
        content_type="application/json",
        headers={"Content-Length": str(size)},
    )


@dataclass
class _Report:
    """The pieces of a response, which closes the file even if it is not sent."""

    head: bytes
    rows: IO[bytes]
    tail: bytes

    def __iter__(self) -> Iterator[bytes]:
        with self.rows:
            self.rows.seek(0)
            yield self.head
            while piece := self.rows.read(PIECE_BYTES):
                yield piece
            yield self.tail

    def close(self) -> None:
        self.rows.close()

"""Structs as CSV or JSON Lines: streamed in constant memory, with spreadsheet formulas escaped.

Rows come from `QuerySet.iterator`, which uses a server-side cursor on PostgreSQL and steps through
the statement on SQLite. One statement is one state of the database, which makes the rows as they
are read. In a transaction, PostgreSQL's cursor costs what was read of it; outside of one, it would
first write the whole result to disk, for readers who leave too. The snapshot is held, on the
connection of the thread that reads, until the stream is closed, however it ends.
"""

import csv
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import Any, TypeVar

import msgspec
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from monoservices.api.http import StructRenderer
from monoservices.database.engines import engine
from monoservices.files.formulas import escape_formula, escape_json

CHUNK_SIZE = 200
"""How many rows are fetched at once."""

PIECE_BYTES = 8 * 1024

# An amount is no text, whose sign would be escaped.
_NUMBERS = (Decimal,)

Found = TypeVar("Found")
Pieces = Generator[bytes]
"""The pieces of a file. Close it in the thread that reads it: that ends what it reads from."""


class Format(StrEnum):
    """The format of an export."""

    CSV = "csv"
    JSON_LINES = "jsonl"


MEDIA_TYPES = {Format.CSV: "text/csv", Format.JSON_LINES: "application/jsonl"}


class CsvRenderer(StructRenderer):
    media_type, format = MEDIA_TYPES[Format.CSV], Format.CSV


class JsonLinesRenderer(StructRenderer):
    media_type, format = MEDIA_TYPES[Format.JSON_LINES], Format.JSON_LINES


EXPORT_RENDERERS: list[type[BaseRenderer]] = [CsvRenderer, JsonLinesRenderer]
"""For views of exports: CSV unless the Accept header asks for JSON Lines. Problems stay JSON."""


def csv_lines(struct: type[msgspec.Struct], rows: Iterable[msgspec.Struct]) -> Iterator[bytes]:
    """Yield a header with the fields of `struct`, and one line per row (RFC 4180, UTF-8).

    Formulas in texts are escaped, see `files.formulas`. Numbers stay as they are.
    """
    line = _Line()
    writer = csv.writer(line)
    writer.writerow(struct.__struct_fields__)
    yield line.text.encode()
    for row in rows:
        writer.writerow(
            [_cell(value) for value in msgspec.to_builtins(row, builtin_types=_NUMBERS).values()]
        )
        yield line.text.encode()


def json_lines(rows: Iterable[msgspec.Struct]) -> Iterator[bytes]:
    """Yield one object per line (https://jsonlines.org/), as the API sends them."""
    for row in rows:
        yield msgspec.json.encode(row) + b"\n"


def in_pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in pieces of about 8 KiB. The first one costs little: two lines."""
    rest = iter(lines)
    if begin := b"".join(islice(rest, 2)):
        yield begin
    piece = bytearray()
    for line in rest:
        piece += line
        if len(piece) >= PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def export_pieces(
    queryset: "QuerySet[Any, Found]", lines: Callable[[Iterator[Found]], Iterator[bytes]]
) -> Pieces:
    """Yield the file whose lines `lines` makes of the rows, in one statement.

    The statement and its snapshot end with the last row, with an error, and when somebody closes
    the generator because the reader has left.
    """
    rows: Any = queryset.iterator(CHUNK_SIZE)
    try:
        with engine().consistent_snapshot(), closing(rows) as found:
            yield from in_pieces(lines(found))
    except Exception as error:
        # The frames of an error keep Django's cursor for as long as somebody keeps the error.
        traceback.clear_frames(error.__traceback__)
        raise


def export_format(request: Request) -> Format:
    """Return the format that a request to a view with EXPORT_RENDERERS accepts."""
    return Format(request.accepted_renderer.format)


def export_response(pieces: Pieces, *, file_format: Format, name: str) -> StreamingHttpResponse:
    """Return a streamed response with a file `name`. Closing the response closes the generator.

    The first piece is read here, so that an unreachable database gives 503 rather than half a file.
    """
    return StreamingHttpResponse(
        _Begun(pieces),
        content_type=f"{MEDIA_TYPES[file_format]}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.{file_format}"'},
    )


class _Begun(Iterator[bytes]):
    """A generator that has begun, so that closing it reaches its `with` and `finally`."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._first = [next(pieces, b"")]

    def __next__(self) -> bytes:
        return self._first.pop() if self._first else next(self._pieces)

    def close(self) -> None:
        self._pieces.close()


class _Line:
    """The file for csv.writer: it keeps the last line only."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _cell(value: Any) -> Any:
    match value:
        case str():
            return escape_formula(value)
        case bool():
            return str(value).lower()
        case dict() | list():
            return escape_json(msgspec.json.encode(value).decode())
    return value

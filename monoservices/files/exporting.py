"""Rows of structs as CSV or as JSON Lines: streamed, in constant memory, and harmless.

Rows come from `QuerySet.iterator`: a cursor on the server's side with PostgreSQL, a statement that
is stepped through with SQLite.
"""

import csv
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import chain
from typing import Any

import msgspec
from django.http import StreamingHttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from monoservices.api.http import StructRenderer
from monoservices.files.formulas import escape_formula

CHUNK_SIZE = 500
"""How many rows are fetched at a time."""

PIECE_BYTES = 64 * 1024


class Format(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    JSON_LINES = "jsonl"


MEDIA_TYPES = {Format.CSV: "text/csv", Format.JSON_LINES: "application/jsonl"}


class CsvRenderer(StructRenderer):
    """Lets a request accept CSV. Problems are JSON all the same."""

    media_type, format = MEDIA_TYPES[Format.CSV], Format.CSV


class JsonLinesRenderer(StructRenderer):
    """Lets a request accept JSON Lines. Problems are JSON all the same."""

    media_type, format = MEDIA_TYPES[Format.JSON_LINES], Format.JSON_LINES


EXPORT_RENDERERS: list[type[BaseRenderer]] = [CsvRenderer, JsonLinesRenderer]
"""For the views of exports: CSV unless the request's Accept says otherwise."""


def csv_lines(struct: type[msgspec.Struct], rows: Iterable[msgspec.Struct]) -> Iterator[bytes]:
    """A header of the fields of `struct`, and a line for each row (RFC 4180, in UTF-8).

    Texts are made harmless for spreadsheets, see `files.formulas`; numbers are not texts.
    """
    line = _Line()
    writer = csv.writer(line)
    writer.writerow(struct.__struct_fields__)
    yield line.text.encode()
    for row in rows:
        writer.writerow([_cell(value) for value in msgspec.to_builtins(row).values()])
        yield line.text.encode()


def json_lines(rows: Iterable[msgspec.Struct]) -> Iterator[bytes]:
    """An object per line (https://jsonlines.org/), as the API answers them."""
    for row in rows:
        yield msgspec.json.encode(row) + b"\n"


def in_pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of about 64 KiB."""
    piece = bytearray()
    for line in lines:
        piece += line
        if len(piece) >= PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def export_format(request: Request) -> Format:
    """The format that a request to a view with EXPORT_RENDERERS accepts."""
    return Format(request.accepted_renderer.format)


def export_response(
    lines: Iterable[bytes], *, file_format: Format, name: str
) -> StreamingHttpResponse:
    """Answer with a file `name`, as it is read.

    The first piece is read here, so that a database that cannot be reached is answered 503.
    """
    pieces = in_pieces(lines)
    first = next(pieces, b"")
    return StreamingHttpResponse(
        chain([first], pieces),
        content_type=f"{MEDIA_TYPES[file_format]}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.{file_format}"'},
    )


class _Line:
    """Where csv.writer puts the one line that it writes."""

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
            return msgspec.json.encode(value).decode()
    return value

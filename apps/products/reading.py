"""Files of products as rows, with the lines that they stand on. Nothing is validated here."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from msgspec import Struct

from apps.products.exceptions import UnusableFile

REQUIRED = ("sku", "name", "price")
OPTIONAL = ("description", "stock_quantity")
COLUMNS = (*REQUIRED, *OPTIONAL)


class Row(Struct, frozen=True, kw_only=True):
    """One row of a file.

    line: where it starts, counted from 1. fields: its texts by column, of `COLUMNS`. cells: all
    that stood there. problem: why it cannot be read; empty where it can.
    """

    line: int
    fields: dict[str, str] = {}
    cells: list[str] = []
    problem: str = ""


class CsvFile:
    """A CSV file: its header, and its rows as they are asked for.

    file: opened with `newline=""`, so that a cell may hold line ends.
    Raises UnusableFile where the header is not there or lacks columns.
    """

    def __init__(self, file: TextIO) -> None:
        self._reader = csv.reader(file, strict=True)
        try:
            self.header = next(self._reader, [])
        except csv.Error as error:
            raise UnusableFile(f"The first line is not CSV: {error}.") from None
        if not self.header:
            raise UnusableFile("The file is empty, or its first line is.")
        if missing := [name for name in REQUIRED if name not in self.header]:
            raise UnusableFile(
                f"The first line must name the columns {', '.join(REQUIRED)}, separated by commas;"
                f" missing: {', '.join(missing)}."
            )
        if twice := [name for name in COLUMNS if self.header.count(name) > 1]:
            raise UnusableFile(f"The first line names a column twice: {', '.join(twice)}.")

    def __iter__(self) -> Iterator[Row]:
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line=line, problem=f"This is not CSV: {error}.")
                continue
            if cells:  # a blank line has none
                yield self._row(line, cells)

    def _row(self, line: int, cells: list[str]) -> Row:
        expected = len(self.header)
        if len(cells) != expected:
            problem = f"Expected {expected} cells, as in the first line; found {len(cells)}."
            return Row(line=line, cells=cells, problem=problem)
        named = zip(self.header, cells, strict=True)
        fields = {name: cell for name, cell in named if name in COLUMNS}
        if fields.get("stock_quantity") == "":
            del fields["stock_quantity"]
        return Row(line=line, fields=fields, cells=cells)


def refuse_other_encodings(path: Path) -> None:
    """Raise UnusableFile where the file is not UTF-8, before anything of it is used."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                raise UnusableFile(f"The file is not UTF-8; see line {number}.") from None

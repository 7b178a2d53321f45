"""CSV as records of cells, whatever they mean."""

import csv
from collections.abc import Iterator

from msgspec import Struct

from apps.products.exceptions import UnusableFile
from monoservices.files.lines import RecordTooLong, TextLines


class Record(Struct, frozen=True, kw_only=True):
    """One record. line: where it starts, from 1. size: in bytes. problem: why it is unusable."""

    line: int
    size: int
    cells: list[str] = []
    problem: str = ""


class CsvRecords:
    """The records of a CSV file, each with as many cells as the header, or with a problem.

    header: the cells of the first line.
    Raises UnusableFile if there is no header.
    """

    def __init__(self, lines: TextLines) -> None:
        self._lines = lines
        self._reader = csv.reader(lines, strict=True)
        first = self._next()
        if first is None or not (first.cells or first.problem):
            raise UnusableFile("The file is empty, or its first line is.")
        if first.problem:
            raise UnusableFile(f"The first line cannot be used. {first.problem}")
        self.header = first.cells

    def __iter__(self) -> Iterator[Record]:
        while (record := self._next(len(self.header))) is not None:
            if record.cells or record.problem:  # a blank line has neither
                yield record

    def _next(self, width: int | None = None) -> Record | None:
        """The next record, of `width` cells unless it is blank; None at the end of the file."""
        self._lines.begin_record()
        line = self._lines.number + 1
        cells, problem = [], ""
        try:
            cells = next(self._reader)
        except StopIteration:
            return None
        except csv.Error as error:
            problem = _problem(error)
        except RecordTooLong as error:
            problem = f"{error}."
        if not self._lines.is_utf8:
            cells, problem = [], "It is not UTF-8."
        elif cells and len(cells) != (width or len(cells)):
            problem = f"Expected {width} cells, as in the first line; found {len(cells)}."
        return Record(line=line, size=self._lines.record_size, cells=cells, problem=problem)


def _problem(error: csv.Error) -> str:
    if "new-line" in str(error):  # the rest of the message is about opening files in Python
        return "Its lines end with CR alone, not with LF or CR LF."
    return f"This is not CSV: {error}."

"""CSV as rows of cells, whatever they mean."""

import csv
from collections.abc import Iterator

from apps.products.exceptions import UnusableFile
from apps.products.importing.reading.rows import Row
from monoservices.files.lines import RecordTooLong, TextLines


class CsvRecords:
    """The rows of a CSV file, each with as many cells as the header, or with a problem.

    Raises UnusableFile if there is no header.
    """

    def __init__(self, lines: TextLines) -> None:
        self._lines = lines
        self._reader = csv.reader(lines, strict=True)
        first = self._next()
        if first is not None and first.problem:
            raise UnusableFile(f"The first line cannot be used. {first.problem}")
        if first is None or not first.cells:
            raise UnusableFile("The file is empty, or its first line is.")
        self.header = first.cells

    def __iter__(self) -> Iterator[Row]:
        while (row := self._next(len(self.header))) is not None:
            if row.cells or row.problem:  # a blank line has neither
                yield row

    def _next(self, width: int | None = None) -> Row | None:
        """The next row, of `width` cells unless it is blank; None at the end of the file."""
        self._lines.begin_record()
        line = self._lines.number + 1
        cells, problem = [], ""
        try:
            cells = next(self._reader)
        except StopIteration:
            return None
        except csv.Error as error:
            problem = f"This is not CSV: {error}."
            if "new-line" in str(error):  # the rest of the message is about Python's `open`
                problem = "Its lines end with CR alone, not with LF or CR LF."
        except RecordTooLong as error:
            problem = f"{error}."
        if not self._lines.is_utf8:
            cells, problem = [], "It is not UTF-8."
        elif cells and len(cells) != (width or len(cells)):
            problem = f"Expected {width} cells, as in the first line; found {len(cells)}."
        return Row(line=line, size=self._lines.record_size, cells=cells, problem=problem)

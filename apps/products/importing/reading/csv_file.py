"""CSV whose header names the fields of products."""

from collections.abc import Iterator, Mapping

from apps.products.exceptions import UnusableFile
from apps.products.importing.reading.csv_records import CsvRecords, Record
from apps.products.importing.reading.mapping import columns_by_name
from apps.products.importing.reading.rows import REQUIRED, UNSET_WHEN_EMPTY, Row
from monoservices.files.formulas import original


class CsvFile:
    """The products of a CSV file. Other columns are ignored.

    Raises UnusableFile if the header lacks a column, or has one twice.
    """

    def __init__(self, records: CsvRecords, mapping: Mapping[str, str]) -> None:
        self._records = records
        self.header = header = records.header
        columns = columns_by_name(mapping)
        needed = [column for name, column in columns.items() if name in {*REQUIRED, *mapping}]
        if missing := [column for column in needed if column not in header]:
            raise UnusableFile(
                f"The first line must name the columns {', '.join(needed)}, separated by commas;"
                f" missing: {', '.join(missing)}."
            )
        if twice := sorted({each for each in columns.values() if header.count(each) > 1}):
            raise UnusableFile(f"The first line names a column twice: {', '.join(twice)}.")
        self._places = {
            name: header.index(column) for name, column in columns.items() if column in header
        }

    def __iter__(self) -> Iterator[Row]:
        return map(self._row, self._records)

    def _row(self, record: Record) -> Row:
        fields = {}
        if not record.problem:
            fields = {name: original(record.cells[at]) for name, at in self._places.items()}
            for name in UNSET_WHEN_EMPTY:
                if not fields.get(name):
                    fields.pop(name, None)
        return Row(
            line=record.line,
            size=record.size,
            fields=fields,
            cells=record.cells,
            problem=record.problem,
        )

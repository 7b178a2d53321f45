"""CSV whose header names the fields of products."""

from collections.abc import Iterator, Mapping

from msgspec import structs

from apps.products.exceptions import UnusableFile
from apps.products.importing.reading.csv_records import CsvRecords
from apps.products.importing.reading.rows import REQUIRED, Row, columns_by_name, without_unset
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

    def _row(self, row: Row) -> Row:
        if row.problem or row.cells is None:
            return row
        fields = {name: original(row.cells[at]) for name, at in self._places.items()}
        return structs.replace(row, fields=without_unset(fields))

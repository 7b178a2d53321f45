"""`manage.py export_movements`: the whole stock ledger, to standard output."""

from collections.abc import Iterator

from apps.products.export.rows import export_movements
from monoservices.files.export_command import ExportCommand
from monoservices.files.exporting import Format


class Command(ExportCommand):
    help = "Writes all stock movements to standard output, oldest first, as CSV or JSON Lines."

    def lines(self, file_format: Format) -> Iterator[bytes]:
        return export_movements(file_format=file_format)

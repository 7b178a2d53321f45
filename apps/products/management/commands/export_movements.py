"""`manage.py export_movements`: the whole stock ledger, to standard output."""

from apps.products.export.rows import export_movements
from monoservices.files.export_command import ExportCommand
from monoservices.files.exporting import Format, Pieces


class Command(ExportCommand):
    help = "Writes all stock movements to standard output, oldest first, as CSV or JSON Lines."

    def pieces(self, file_format: Format) -> Pieces:
        return export_movements(file_format=file_format)

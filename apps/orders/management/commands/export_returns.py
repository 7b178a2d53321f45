"""`manage.py export_returns`: all returns, to standard output."""

from apps.orders.export.parts import export_returns
from apps.orders.models import Return
from monoservices.files.export_command import ExportCommand
from monoservices.files.exporting import Format, Pieces


class Command(ExportCommand):
    help = (
        "Writes all returns to standard output, oldest first, as CSV or JSON Lines: a row for each "
        "line, with its order, its date and its credit, and one for what is credited of charges."
    )

    def pieces(self, file_format: Format) -> Pieces:
        return export_returns(Return.objects.all(), file_format=file_format)

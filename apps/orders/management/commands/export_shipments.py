"""`manage.py export_shipments`: all shipments, to standard output."""

from apps.orders.export.parts import export_shipments
from apps.orders.models import Shipment
from monoservices.files.export_command import ExportCommand
from monoservices.files.exporting import Format, Pieces


class Command(ExportCommand):
    help = (
        "Writes all shipments to standard output, oldest first, as CSV or JSON Lines: a row for "
        "each line, with its order, its date and its price."
    )

    def pieces(self, file_format: Format) -> Pieces:
        return export_shipments(Shipment.objects.all(), file_format=file_format)

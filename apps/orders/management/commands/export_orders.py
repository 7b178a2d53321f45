"""`manage.py export_orders`: all orders, to standard output."""

from apps.orders.export.rows import export_orders
from apps.orders.models import Order
from monoservices.files.export_command import ExportCommand
from monoservices.files.exporting import Format, Pieces


class Command(ExportCommand):
    help = (
        "Writes all orders to standard output, oldest first: as CSV with a row for each line and "
        "each charge of an order, or as JSON Lines with one order per line."
    )

    def pieces(self, file_format: Format) -> Pieces:
        return export_orders(Order.objects.all(), file_format=file_format)

"""`manage.py export_orders`: all orders, to standard output."""

from collections.abc import Iterator

from apps.orders.export.rows import export_orders
from apps.orders.models import Order
from monoservices.files.export_command import ExportCommand
from monoservices.files.exporting import Format


class Command(ExportCommand):
    help = (
        "Writes all orders to standard output, oldest first: as CSV with a row for each line of an "
        "order, or as JSON Lines with one order per line."
    )

    def lines(self, file_format: Format) -> Iterator[bytes]:
        return export_orders(Order.objects.all(), file_format=file_format)

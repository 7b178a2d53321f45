"""`manage.py export_payments`: all payments and refunds, to standard output."""

from apps.payments.export.rows import export_payments
from apps.payments.models import Payment
from monoservices.files.export_command import ExportCommand
from monoservices.files.exporting import Format, Pieces


class Command(ExportCommand):
    help = "Writes all payments and refunds to standard output, oldest first, as CSV or JSON Lines."

    def pieces(self, file_format: Format) -> Pieces:
        return export_payments(Payment.objects.all(), file_format=file_format)

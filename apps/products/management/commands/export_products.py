"""`manage.py export_products`: all products, to standard output."""

from apps.products.export.rows import export_products
from apps.products.models import Product
from monoservices.files.export_command import ExportCommand
from monoservices.files.exporting import Format, Pieces


class Command(ExportCommand):
    help = (
        "Writes all products to standard output, archived ones included, as CSV or JSON Lines. "
        "import_products reads both. Importing an export changes nothing."
    )

    def pieces(self, file_format: Format) -> Pieces:
        return export_products(Product.objects.all(), file_format=file_format)

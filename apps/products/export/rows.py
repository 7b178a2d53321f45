"""Products and the ledger as rows of a file. Only reads."""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from apps.products.models import ProductQuerySet, StockMovement
from apps.products.serializers import ProductOut, ProductSerializer
from monoservices.files.exporting import CHUNK_SIZE, Format, csv_lines, json_lines


class MovementRow(Struct, frozen=True):
    """A movement in an export."""

    id: int
    product_id: int
    sku: str
    delta: int
    quantity_after: int
    reason: str
    reference: str
    note: str
    actor: str
    created_at: datetime


_MOVEMENT_COLUMNS = [
    "product__sku" if name == "sku" else name for name in MovementRow.__struct_fields__
]


def export_products(products: ProductQuerySet, *, file_format: Format) -> Iterator[bytes]:
    """The products by id, in the form that `import_products` reads. One statement."""
    found = products.order_by("pk").iterator(CHUNK_SIZE)
    rows = map(ProductSerializer.represent, found)
    return csv_lines(ProductOut, rows) if file_format is Format.CSV else json_lines(rows)


def export_movements(*, file_format: Format) -> Iterator[bytes]:
    """The whole ledger, oldest first. One statement."""
    movements = StockMovement.objects.order_by("pk").values_list(*_MOVEMENT_COLUMNS)
    rows = (MovementRow(*values) for values in movements.iterator(CHUNK_SIZE))
    return csv_lines(MovementRow, rows) if file_format is Format.CSV else json_lines(rows)

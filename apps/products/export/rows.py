"""Products and the ledger as rows of a file. Only reads."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models.functions import Coalesce
from msgspec import Struct

from apps.products.models import Product, ProductQuerySet, StockMovement
from apps.products.serializers import ProductOut, ProductSerializer
from monoservices.files.exporting import Format, Pieces, csv_lines, export_pieces, json_lines


class MovementRow(Struct, frozen=True):
    """A movement in an export."""

    id: int
    product_id: int
    sku: str
    delta: int
    quantity_after: int
    committed_delta: int
    committed_after: int | None
    reason: str
    reference: str
    note: str
    actor: str
    created_at: datetime


_ELSEWHERE: dict[str, Any] = {
    "sku": "product__sku",
    "committed_delta": Coalesce("committed_delta", 0),
}
_MOVEMENT_COLUMNS = [_ELSEWHERE.get(name, name) for name in MovementRow.__struct_fields__]


def export_products(products: ProductQuerySet, *, file_format: Format) -> Pieces:
    """The products by id, in the form that `import_products` reads. One statement."""

    def lines(found: Iterable[Product]) -> Iterator[bytes]:
        rows = map(ProductSerializer.represent, found)
        return csv_lines(ProductOut, rows) if file_format is Format.CSV else json_lines(rows)

    return export_pieces(products.order_by("pk"), lines)


def export_movements(*, file_format: Format) -> Pieces:
    """The whole ledger, oldest first. One statement."""

    def lines(found: Iterable[tuple[Any, ...]]) -> Iterator[bytes]:
        rows = (MovementRow(*values) for values in found)
        return csv_lines(MovementRow, rows) if file_format is Format.CSV else json_lines(rows)

    movements = StockMovement.objects.order_by("pk").values_list(*_MOVEMENT_COLUMNS)
    return export_pieces(movements, lines)

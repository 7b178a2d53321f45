"""Shopify's product CSV: several rows per product, one for each variant and each further image.

The columns: https://help.shopify.com/en/manual/products/import-export/using-csv
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from apps.products.importing.reading.csv_records import CsvRecords
from apps.products.importing.reading.rows import COLUMNS, Row
from monoservices.files.formulas import original

SIGNS = {"Handle", "Title", "Option1 Name", "Option1 Value", "Variant Price"}
"""The columns by which the format is recognised."""

OPTIONS = ("Option1", "Option2", "Option3")
NO_OPTION = ("Title", "Default Title")
"""What Shopify writes as name and value of the option of a product that has none."""

MAX_VARIANTS = 2_048
"""How many variants Shopify lets a product have."""

MAX_SKU = 100


class Parent(Struct):
    """What the first row of a handle says for all of its variants. skus: of these so far."""

    handle: str
    title: str
    description: str
    status: str
    has_options: bool
    skus: set[str]


class ShopifyFile:
    """One product per variant.

    name: title and option values, as Shopify names the items of an order. sku: `Variant SKU`, else
    handle and option values. is_active: false where Status is `draft` or `archived`. Rows that are
    only images are no products.
    """

    def __init__(self, records: CsvRecords) -> None:
        self._records = records
        self._places = {column: at for at, column in enumerate(records.header)}
        self._parent = Parent("", "", "", "", has_options=False, skus=set())
        self.header = list(COLUMNS)

    @staticmethod
    def recognises(header: list[str]) -> bool:
        """Whether a CSV file with this header is Shopify's."""
        return set(header) >= SIGNS

    def __iter__(self) -> Iterator[Row]:
        for record in self._records:
            fields: dict[str, Any] = {}
            problem = record.problem
            if not problem:
                cells = {name: original(record.cells[at]) for name, at in self._places.items()}
                fields, problem = self._read(cells)
            if fields or problem:
                yield Row(line=record.line, size=record.size, fields=fields, problem=problem)

    def _read(self, cells: dict[str, str]) -> tuple[dict[str, Any], str]:
        """The fields of a variant, and what is wrong; neither of a row that is only an image."""
        handle = cells["Handle"].strip()
        if not handle:
            return {}, "It has no Handle."
        if handle != self._parent.handle:
            self._parent = _parent(handle, cells)
        options = [cells.get(f"{option} Value", "").strip() for option in OPTIONS]
        if not (any(options) or cells["Variant Price"] or cells.get("Variant SKU")):
            image = cells.get("Image Src")
            return {}, "" if image else "It has neither a variant nor an image."
        if not self._parent.title:
            return {}, f"No row of {handle} before this one has a Title."
        values = [value for value in options if value] if self._parent.has_options else []
        sku = cells.get("Variant SKU", "").strip() or _made_up_sku([handle, *values])
        if sku in self._parent.skus:
            return {}, f"An earlier variant of {handle} has the SKU {sku}."
        if len(self._parent.skus) < MAX_VARIANTS:
            self._parent.skus.add(sku)
        return self._fields(sku, values, cells), ""

    def _fields(self, sku: str, values: list[str], cells: dict[str, str]) -> dict[str, Any]:
        parent = self._parent
        fields = {
            "sku": sku,
            "name": " - ".join(filter(None, [parent.title, " / ".join(values)])),
            "price": cells["Variant Price"].strip(),
            "description": parent.description,
            "stock_quantity": cells.get("Variant Inventory Qty", "").strip(),
            "is_active": parent.status,
        }
        unsaid = [name for name in ("stock_quantity", "is_active") if not fields[name]]
        return {name: value for name, value in fields.items() if name not in unsaid}


def _parent(handle: str, cells: dict[str, str]) -> Parent:
    first = (cells["Option1 Name"].strip(), cells["Option1 Value"].strip())
    status = cells.get("Status", "").strip().lower()
    return Parent(
        handle=handle,
        title=cells["Title"].strip(),
        description=cells.get("Body (HTML)", ""),
        status={"active": "true", "draft": "false", "archived": "false"}.get(status, ""),
        has_options=first != NO_OPTION,
        skus=set(),
    )


def _made_up_sku(parts: list[str]) -> str:
    """Handle and option values; where that is too long, a hash instead of its end.

    The same variant has the same one in every export, so that importing again changes nothing.
    """
    sku = "/".join(parts)
    if len(sku) <= MAX_SKU:
        return sku
    digest = hashlib.sha256(sku.encode()).hexdigest()[:16]
    return f"{sku[: MAX_SKU - 17].strip()}-{digest}"

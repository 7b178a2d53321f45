"""Shopify's product CSV: several rows per product, one for each variant and each further image.

The columns: https://help.shopify.com/en/manual/products/import-export/using-csv
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from apps.products.importing.reading.csv_records import CsvRecords
from apps.products.importing.reading.rows import COLUMNS, Row
from apps.products.models import MAX_SKU
from monoservices.files.formulas import original

SIGNATURE = {"Handle", "Title", "Option1 Name", "Option1 Value", "Variant Price"}
"""A CSV file with these columns is Shopify's."""

OPTIONS = ("Option1", "Option2", "Option3")
NO_OPTION = ("Title", "Default Title")
"""The name and value that Shopify writes for a product without options."""

MAX_VARIANTS = 2_048
"""Shopify's own limit of variants per product."""


class Parent(Struct):
    """What the first row of a handle says about all of its variants. skus: those seen so far."""

    handle: str
    title: str
    description: str
    status: str
    has_options: bool
    skus: set[str]


class ShopifyFile:
    """One product per variant.

    name: title and option values, as Shopify names the items of an order. sku: `Variant SKU`, or
    handle and option values. is_active: false if Status is `draft` or `archived`. Rows with only an
    image are skipped.
    """

    def __init__(self, records: CsvRecords) -> None:
        self._records = records
        self._places = {column: at for at, column in enumerate(records.header)}
        self._parent = Parent("", "", "", "", has_options=False, skus=set())
        self.header = list(COLUMNS)

    @staticmethod
    def recognises(header: list[str]) -> bool:
        """Whether a CSV file with this header is Shopify's."""
        return set(header) >= SIGNATURE

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
        """The fields of a variant, or its problem. Neither for a row with only an image."""
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
        sku = cells.get("Variant SKU", "").strip() or _generated_sku([handle, *values])
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
        unset = [name for name in ("stock_quantity", "is_active") if not fields[name]]
        return {name: value for name, value in fields.items() if name not in unset}


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


def _generated_sku(parts: list[str]) -> str:
    """Handle and option values. If that is too long, a hash replaces the end.

    A variant gets the same SKU from every export, so that importing again changes nothing.
    """
    sku = "/".join(parts)
    if len(sku) <= MAX_SKU:
        return sku
    digest = hashlib.sha256(sku.encode()).hexdigest()[:16]
    return f"{sku[: MAX_SKU - 17].strip()}-{digest}"

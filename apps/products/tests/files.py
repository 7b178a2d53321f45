"""Files of products in memory, for tests of what reads them."""

import io
from typing import Any

from apps.products.importing.reading import ProductFile, Row, read_products


def product_file(content: str | bytes, mapping: dict[str, str] | None = None) -> ProductFile:
    """The file that has this content."""
    encoded = content.encode() if isinstance(content, str) else content
    raw: Any = io.BytesIO(encoded)
    return read_products(io.BufferedReader(raw), mapping)


def rows_of(content: str | bytes, mapping: dict[str, str] | None = None) -> list[Row]:
    """The rows of the file that has this content."""
    return list(product_file(content, mapping))


def told(content: str | bytes, mapping: dict[str, str] | None = None) -> list[tuple[int, Any]]:
    """Each row's line, and its problem or its fields."""
    return [(row.line, row.problem or row.fields) for row in rows_of(content, mapping)]

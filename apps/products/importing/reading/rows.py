"""What every reader of products yields. The columns are the fields of `ProductRow`."""

from collections.abc import Iterator
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from apps.products.serializers import ProductRow

_SCHEMA: dict[str, Any] = msgspec.json.schema(ProductRow)["$defs"]["ProductRow"]

COLUMNS = tuple(_SCHEMA["properties"])
REQUIRED = tuple(_SCHEMA["required"])
TEXTS = tuple(
    name
    for name, field in _SCHEMA["properties"].items()
    if any(option.get("type") == "string" for option in field.get("anyOf", [field]))
)
UNSET_WHEN_EMPTY = tuple(name for name in COLUMNS if name not in TEXTS)
"""Columns whose empty cell leaves the field unset. An empty cell of TEXTS is the empty text."""


class Row(Struct, frozen=True, kw_only=True):
    """One row of a file.

    line: where it starts, counted from 1. size: in bytes. fields: its values by name, of
    `COLUMNS`. cells: everything that the row has, if the file has columns. problem: why the row
    cannot be read; empty if it can.
    """

    line: int
    size: int = 0
    fields: dict[str, Any] = {}
    cells: list[str] | None = None
    problem: str = ""


class ProductFile(Protocol):
    """A file of products. header: the columns of its rejected rows."""

    header: list[str]

    def __iter__(self) -> Iterator[Row]: ...

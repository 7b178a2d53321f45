"""What every reader of products yields. The columns are the fields of `ProductRow`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from apps.products.exceptions import UnusableFile
from apps.products.serializers import ProductRow

_SCHEMA: dict[str, Any] = msgspec.json.schema(ProductRow)["$defs"]["ProductRow"]

COLUMNS = tuple(_SCHEMA["properties"])
REQUIRED = tuple(_SCHEMA["required"])
TEXTS = tuple(
    name
    for name, field in _SCHEMA["properties"].items()
    if any(option.get("type") == "string" for option in field.get("anyOf", [field]))
)


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


def parse_mapping(texts: Iterable[str]) -> dict[str, str]:
    """The file's columns by our names, from texts such as `sku=Item no.`.

    Raises UnusableFile if a text is malformed, or its name is not a product's.
    """
    mapping: dict[str, str] = {}
    for text in texts:
        name, equals, column = text.partition("=")
        if name not in COLUMNS or not equals or not column:
            known = ", ".join(COLUMNS)
            raise UnusableFile(f"{text!r} is not NAME=COLUMN with a NAME of {known}.")
        if name in mapping:
            raise UnusableFile(f"{name} is mapped twice.")
        mapping[name] = column
    return mapping


def without_unset(cells: dict[str, str]) -> dict[str, str]:
    """The cells but for empty ones, which leave their fields unset. Only TEXTS can be empty."""
    return {name: cell for name, cell in cells.items() if cell or name in TEXTS}


def columns_by_name(mapping: Mapping[str, str]) -> dict[str, str]:
    """The file's column for each of our names: the column of the same name unless it is mapped."""
    return {name: mapping.get(name, name) for name in COLUMNS}

"""What every reader of products yields."""

from collections.abc import Iterator
from typing import Any, Protocol

from msgspec import Struct

REQUIRED = ("sku", "name", "price")
OPTIONAL = ("description", "stock_quantity", "is_active")
COLUMNS = (*REQUIRED, *OPTIONAL)
UNSAID_WHEN_EMPTY = ("stock_quantity", "is_active")
"""Columns whose empty cell says nothing, rather than the empty text."""


class Row(Struct, frozen=True, kw_only=True):
    """One row of a file.

    line: where it starts, counted from 1. size: in bytes. fields: its values by name, of
    `COLUMNS`. cells: all that stood there, where they are those of the file's header. problem: why
    it cannot be read; empty where it can.
    """

    line: int
    size: int = 0
    fields: dict[str, Any] = {}
    cells: list[str] | None = None
    problem: str = ""


class ProductFile(Protocol):
    """A file of products. header: the columns in which its rows are given back."""

    header: list[str]

    def __iter__(self) -> Iterator[Row]: ...

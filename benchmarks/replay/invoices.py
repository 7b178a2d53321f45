"""Read the files of "Online Retail" into invoices, returns and products."""

import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TextIO

from msgspec import Struct, field

from monoservices.api.types import CENT

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "UnitPrice")
_PRODUCT = re.compile(r"[0-9]{5}")
_NUMBER = re.compile(r"[0-9]+")

CANCELLATION = "cancellation"


class UnusableFile(Exception):
    """A file does not contain invoices. The message says why."""


class Row(Struct, frozen=True):
    """A readable row of a file. unit_price: in the shop's currency."""

    invoice: str
    code: str
    description: str
    quantity: int
    unit_price: Decimal

    @property
    def reason(self) -> str:
        """Why the row is not a sale of a product. Empty if it is one."""
        if not _PRODUCT.match(self.code):
            return "not_a_product"
        if self.invoice.startswith("C") and self.quantity < 0:
            return CANCELLATION
        if not _NUMBER.fullmatch(self.invoice):
            return "not_an_invoice"
        if self.quantity <= 0:
            return "no_quantity"
        if self.unit_price <= 0:
            return "no_price"
        return ""


class Invoice(Struct):
    """A sale. lines: units by product and price, merged from rows that share both."""

    number: str
    lines: Counter[tuple[str, Decimal]] = field(default_factory=Counter)


class Return(Struct):
    """A cancellation. units: the returned units by product."""

    number: str
    units: Counter[str] = field(default_factory=Counter)


class Product(Struct):
    """A product. price: from the first row that names it."""

    code: str
    name: str
    price: Decimal


class Books(Struct):
    """The content of the files. played: sales and returns in the order of their first rows."""

    played: list[Invoice | Return]
    products: dict[str, Product]
    skipped: Counter[str]


def read_books(paths: Iterable[Path]) -> Books:
    """Read CSV files, which may be compressed with gzip.

    Raises UnusableFile if a column is missing, and OSError if a file cannot be read.
    """
    sales: dict[str, Invoice] = {}
    returns: dict[str, Return] = {}
    books = Books([], {}, Counter())
    for row in (row for path in paths for row in _rows(path)):
        reason = "unreadable" if row is None else row.reason
        if reason:
            books.skipped[reason] += 1
        if row is None or reason not in {"", CANCELLATION}:
            continue
        _note_product(books.products, row)
        if reason:
            if row.invoice not in returns:
                books.played.append(returns.setdefault(row.invoice, Return(row.invoice)))
            returns[row.invoice].units[row.code] -= row.quantity
        else:
            if row.invoice not in sales:
                books.played.append(sales.setdefault(row.invoice, Invoice(row.invoice)))
            sales[row.invoice].lines[row.code, row.unit_price] += row.quantity
    return books


def _rows(path: Path) -> Iterator[Row | None]:
    """Yield the rows of a file, None for an unreadable one."""
    with _open(path) as file:
        reader = csv.DictReader(file)
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or [])]:
            raise UnusableFile(f"{path} has no column {', '.join(missing)}.")
        for cells in reader:
            yield _row(*(cells[name] for name in COLUMNS))


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _row(
    invoice: str | None,
    code: str | None,
    description: str | None,
    quantity: str | None,
    price: str | None,
) -> Row | None:
    if not invoice or not code:
        return None
    try:
        row = Row(
            invoice, code, (description or "").strip(), int(quantity or ""), Decimal(price or "")
        )
        return row if row.unit_price == row.unit_price.quantize(CENT) else None
    except (ValueError, InvalidOperation):
        return None


def _note_product(products: dict[str, Product], row: Row) -> None:
    known = products.get(row.code)
    if known is None:
        products[row.code] = Product(row.code, row.description, max(row.unit_price, Decimal(0)))
    elif not known.name:
        known.name = row.description

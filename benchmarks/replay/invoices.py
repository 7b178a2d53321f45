"""Read the files of "Online Retail" into invoices, returns and products."""

import csv
import gzip
import re
from collections import Counter, defaultdict
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
CHARGE = "charge"
NOT_A_PRODUCT = "not_a_product"
_SHIPPING = {"POST", "DOT", "C2"}
"""Codes of postage and carriage."""


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
            is_charge = _NUMBER.fullmatch(self.invoice) and self.quantity and self.unit_price
            return CHARGE if is_charge else NOT_A_PRODUCT
        if self.invoice.startswith("C") and self.quantity < 0:
            return CANCELLATION
        if not _NUMBER.fullmatch(self.invoice):
            return "not_an_invoice"
        if self.quantity <= 0:
            return "no_quantity"
        if self.unit_price <= 0:
            return "no_price"
        return ""


class Charge(Struct, frozen=True):
    """A row of an invoice that is not a product. type: as in the API."""

    type: str
    label: str
    amount: Decimal


class Invoice(Struct):
    """A sale. lines: units by product and price, merged from rows that share both."""

    number: str
    lines: Counter[tuple[str, Decimal]] = field(default_factory=Counter)
    charges: list[Charge] = field(default_factory=list)


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
    charged: defaultdict[str, list[Charge]] = defaultdict(list)
    returns: dict[str, Return] = {}
    books = Books([], {}, Counter())
    for row in (row for path in paths for row in _rows(path)):
        reason = "unreadable" if row is None else row.reason
        if row is not None and reason == CHARGE:
            charged[row.invoice].append(_charge(row))
            continue
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
    for number, charges in charged.items():
        if number in sales:
            sales[number].charges = charges
        else:  # an invoice without a product is not an order
            books.skipped[NOT_A_PRODUCT] += len(charges)
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


def _charge(row: Row) -> Charge:
    amount = row.quantity * row.unit_price
    kind = "shipping" if row.code in _SHIPPING else "fee" if amount > 0 else "discount"
    return Charge(kind, row.description or row.code, amount)


def _note_product(products: dict[str, Product], row: Row) -> None:
    known = products.get(row.code)
    if known is None:
        products[row.code] = Product(row.code, row.description, max(row.unit_price, Decimal(0)))
    elif not known.name:
        known.name = row.description

"""Files that are broken or malicious, and what becomes of each of their rows."""

from typing import NamedTuple

PRICE = 'price: Expected an amount as text, such as "9.99", at most 99999999.99.'
NUL = "name: Expected text that is not blank and has no NUL character."
LONG = "It is longer than 131072 bytes."
HEADER = b"sku,name,price,stock_quantity\n"
STOCK = "stock_quantity: Expected a whole number from -2147483647 to 2147483647."
GOOD = b"A-1,Mug,9.99,5\n"


class Hostile(NamedTuple):
    """content: of the file. outcomes: of its rows, as (line, result, reason).

    unusable: why the file as a whole is refused.
    """

    content: bytes
    outcomes: list[tuple[int, str, str]] = []
    unusable: str = ""


def created(line: int) -> tuple[int, str, str]:
    return line, "created", ""


def refused(line: int, reason: str) -> tuple[int, str, str]:
    return line, "refused", reason


def unchanged(first: int, last: int) -> list[tuple[int, str, str]]:
    return [(line, "unchanged", "") for line in range(first, last + 1)]


def in_the_middle(row: bytes, reason: str, *, next_line: int = 4) -> Hostile:
    """A bad row between two good ones."""
    outcomes = [created(2), refused(3, reason), created(next_line)]
    return Hostile(HEADER + GOOD + row + b"\nA-2,Pot,1,1\n", outcomes)


HOSTILE = {
    "binary": Hostile(
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100,
        unusable="The first line cannot be used. It is not UTF-8.",
    ),
    "UTF-16": Hostile(
        (HEADER + GOOD).decode().encode("utf-16"),
        unusable="The first line cannot be used. It is not UTF-8.",
    ),
    "UTF-16 without a byte order mark": Hostile(
        (HEADER + GOOD).decode().encode("utf-16-le"),
        unusable="The first line must name the columns sku, name, price, separated by commas; "
        "missing: sku, name, price.",
    ),
    "a million columns": Hostile(
        b"sku,name,price" + b",x" * 1_000_000 + b"\n",
        unusable=f"The first line cannot be used. {LONG}",
    ),
    "a million cells": in_the_middle(b"A-3,Pot,1" + b"," * 1_000_000, LONG),
    "a hundred thousand cells": in_the_middle(
        b"A-3" + b"," * 99_999, "Expected 4 cells, as in the first line; found 100000."
    ),
    "a long line": in_the_middle(b"A-3," + b"x" * 1_000_000 + b",1,1", LONG),
    "an open quote": Hostile(
        HEADER + GOOD + b'A-3,"Pot,1,1\n' + b"A-4,Pot,1,1\n" * 20_000,
        # What stands behind the quote, up to the limit, is part of the row that it belongs to.
        [created(2), refused(3, LONG), created(10_926), *unchanged(10_927, 20_003)],
    ),
    "NULs": in_the_middle(b"A-3,Po\0t,1,1", NUL),
    "Latin-1": in_the_middle("A-3,Café,1,1".encode("latin-1"), "It is not UTF-8."),
    "Latin-1 in a cell of two lines": in_the_middle(
        'A-3,"Café\nA-4,Pot,1,1",1,1'.encode("latin-1"), "It is not UTF-8.", next_line=5
    ),
    "a lone surrogate": in_the_middle(b"A-3,\xed\xa0\x80,1,1", "It is not UTF-8."),
    "a price with a comma": in_the_middle(b'A-3,Pot,"1,50",1', PRICE),
    "a price with thousands": in_the_middle(b'A-3,Pot,"1,299.00",1', PRICE),
    "a price with a currency": in_the_middle("A-3,Pot,€1,1".encode(), PRICE),
    "a price in other digits": in_the_middle("A-3,Pot,٣,1".encode(), PRICE),
    "a formula in every cell": Hostile(
        HEADER + b'=1+1,"=HYPERLINK(""http://example.com"")",=2,=3\n=A,=B,1,1\n',
        [
            refused(2, f"{PRICE} {STOCK}"),
            created(3),
        ],
    ),
    "a quote in the middle": in_the_middle(
        b'A-3,"Po"t,1,1', "This is not CSV: ',' expected after '\"'."
    ),
    "lines in quotes": Hostile(
        HEADER + b'A-1,"Mug\r\nA-9,Pot,1,1",1,1\nA-2,Pot,1,1\n', [created(2), created(4)]
    ),
    "a byte order mark": Hostile(b"\xef\xbb\xbf" + HEADER + GOOD, [created(2)]),
    "Windows line ends": Hostile((HEADER + GOOD).replace(b"\n", b"\r\n"), [created(2)]),
    "old Macintosh line ends": Hostile(
        (HEADER + GOOD).replace(b"\n", b"\r"),
        unusable="The first line cannot be used. "
        "Its lines end with CR alone, not with LF or CR LF.",
    ),
    "a SKU that comes twice": Hostile(
        HEADER + GOOD + b"A-1,Mug,8,5\n" + b"A-1,Mug,8.00,5\n",
        [created(2), (3, "updated", ""), (4, "unchanged", "")],
    ),
    "semicolons": Hostile(
        HEADER.replace(b",", b";") + GOOD.replace(b",", b";"),
        unusable="The first line must name the columns sku, name, price, separated by commas; "
        "missing: sku, name, price.",
    ),
    "JSON that is none": Hostile(
        b'{"sku": "A-1", "name": "Mug", "price": "1"}\n{"sku": \n'
        b'{"sku": "A-2", "name": "Pot", "price": "1"}\n',
        [created(1), refused(2, "This is not JSON: Input data was truncated."), created(3)],
    ),
    "JSON without an end": Hostile(
        b'{"sku": "' + b"x" * 1_000_000 + b'\n{"sku": "A-2", "name": "Pot", "price": "1"}',
        [refused(1, LONG), created(2)],
    ),
    "JSON that is deep": Hostile(
        b'{"sku": "A-1", "x": ' + b"[" * 15_000 + b"\n" + b'{"sku": "A", "name": "B", "price": 1}',
        [refused(1, "It is nested too deeply."), created(2)],
    ),
    "JSON with many values": Hostile(
        b'{"x": [' + b"{}," * 40_000 + b'{}]}\n{"sku": "A", "name": "B", "price": 1}',
        [refused(1, "The JSON text has more than 20000 values."), created(2)],
    ),
    "empty": Hostile(b"", unusable="The file is empty, or its first line is."),
}

"""Texts that a spreadsheet would run as formulas, made harmless and read back.

A spreadsheet runs a cell of a CSV file that begins with one of these characters as a formula, and
so whatever a stranger put into an order or a product (OWASP, "CSV Injection",
https://owasp.org/www-community/attacks/CSV_Injection). An apostrophe in front makes it text.
"""

import re

_TRIGGER = r"[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001 - full-width forms count too
# Apostrophes that were there before get one more, so that every text has a form of its own.
_DANGEROUS = re.compile(rf"'*{_TRIGGER}")
_HARMLESS = re.compile(rf"'+{_TRIGGER}")


def escape_formula(text: str) -> str:
    """`text` as a cell that no spreadsheet runs; most texts stay as they are."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def original(cell: str) -> str:
    """The text that `escape_formula` made `cell` of: `original(escape_formula(text)) == text`."""
    return cell[1:] if _HARMLESS.match(cell) else cell

"""Escapes texts that a spreadsheet would run as formulas, and reads them back.

If a cell of a CSV file begins with one of these characters, a spreadsheet runs it as a formula,
even if a stranger wrote it into an order (OWASP, "CSV Injection",
https://owasp.org/www-community/attacks/CSV_Injection). A leading apostrophe makes it text.
"""

import re

_TRIGGER = r"[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001 - full-width forms count too
# A text that has apostrophes there already gets one more, so that no two texts look the same.
_DANGEROUS = re.compile(rf"'*{_TRIGGER}")
_HARMLESS = re.compile(rf"'+{_TRIGGER}")


def escape_formula(text: str) -> str:
    """Return `text` as a cell that no spreadsheet runs. Most texts stay as they are."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def original(cell: str) -> str:
    """Undo `escape_formula`: `original(escape_formula(text)) == text`."""
    return cell[1:] if _HARMLESS.match(cell) else cell

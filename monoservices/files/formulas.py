"""Escapes texts that a spreadsheet would run as formulas, and reads them back.

If a cell of a CSV file begins with `=`, `+`, `-` or `@`, a spreadsheet runs it as a formula, even
if a stranger wrote it into an order (OWASP, "CSV Injection",
https://owasp.org/www-community/attacks/CSV_Injection). A leading apostrophe makes it text.

A cell can also begin in the middle of a text: where the language of the computer has a decimal
comma, Excel splits lines at semicolons, whatever the file says, and then it takes quotes and line
breaks within a text for the ends of cells too. So a text is escaped wherever a cell might begin.
"""

import re

_CELL_BEGINS = r"(?<![^;|\t\r\n])"
"""At the beginning of the text, and after what separates cells or rows."""

# Spaces, quotes and apostrophes may stand before the sign: programs trim and unquote.
_BETWEEN = r"['\" ]*"
_SIGN = r"[=+\-@＝＋－＠]"  # noqa: RUF001 - full-width forms count too
_FORMULA = _BETWEEN + _SIGN

# A text that has an apostrophe there already gets one more, so that no two texts look the same.
_DANGEROUS = re.compile(rf"\A(?='*[\t\r\n])|{_CELL_BEGINS}(?={_FORMULA})")
_ESCAPED = re.compile(rf"\A'(?='*[\t\r\n])|{_CELL_BEGINS}'(?={_FORMULA})")

_IN_JSON = re.compile(rf"{_CELL_BEGINS}({_BETWEEN})({_SIGN})")


def escape_formula(text: str) -> str:
    """Return `text` as a cell that no spreadsheet runs. Most texts stay as they are."""
    return _DANGEROUS.sub("'", text)


def original(cell: str) -> str:
    """Undo `escape_formula`: `original(escape_formula(text)) == text`."""
    return _ESCAPED.sub("", cell)


def escape_json(text: str) -> str:
    """Return the JSON text of an object or a list as such a cell. It remains the same JSON.

    There, signs can only follow a separator inside a string, where JSON has escapes of its own.
    """
    return _IN_JSON.sub(lambda found: f"{found[1]}\\u{ord(found[2]):04x}", text)

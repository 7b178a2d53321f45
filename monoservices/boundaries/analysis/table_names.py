"""Finds the names of tables in SQL: the one finder for the guard and for the rules."""

import re
from collections.abc import Iterable

_LITERALS = re.compile(r"""("(?:[^"]|"")*")|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/""", re.DOTALL)
_BEFORE_A_TABLE = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|ONLY|ON|REFERENCES|TRUNCATE|EXISTS|LOCK|COPY)\s+"
    r'(?:[\w"]+\.)?["`\[]?$',
    re.IGNORECASE,
)
_AFTER_A_TABLE = re.compile(r'["`\]]?\s*\.')


class TableNames:
    """Some tables, and where SQL names them. Upper and lower case do not differ."""

    def __init__(self, tables: Iterable[str]) -> None:
        self._by_lower = {table.lower(): table for table in tables}
        longest_first = sorted(self._by_lower, key=len, reverse=True)
        # Without tables, (?!) matches nowhere.
        self.pattern = "|".join(map(re.escape, longest_first)) or "(?!)"
        self._names = re.compile(rf"(?<![\w$])(?:{self.pattern})(?![\w$])", re.IGNORECASE)

    def named_in(self, sql: str) -> set[str]:
        """The tables that SQL names, quoted or not, outside string literals and comments.

        A table without an underscore in its name may be a word of English or of SQL, such as
        `order`. It counts only where SQL expects a table.
        """
        text = without_literals(sql)
        return {
            self._by_lower[found[0].lower()]
            for found in self._names.finditer(text)
            if "_" in found[0]
            or _BEFORE_A_TABLE.search(text, 0, found.start())
            or _AFTER_A_TABLE.match(text, found.end())
        }


def without_literals(sql: str) -> str:
    """SQL without its string literals and comments. Quoted names stay."""
    return _LITERALS.sub(lambda found: found[1] or " ", sql)

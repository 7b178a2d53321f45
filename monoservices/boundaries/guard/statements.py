"""Which services' tables an SQL statement names, and whether it only reads them."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.apps import apps

from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import table_owners

REMEMBERED = 1024
"""How many statements are not searched again."""

_UNSPOKEN = re.compile(r"""("(?:[^"]|"")*")|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/""", re.DOTALL)
_READING = re.compile(r"[\s(]*(?:SELECT|WITH|VALUES|TABLE|EXPLAIN)\b", re.IGNORECASE)
_CHANGING = re.compile(
    r'\b(?:INSERT\s+INTO|DELETE\s+FROM|MERGE\s+INTO|UPDATE\s+[\w."]+(?:\s+[\w."]+){0,2}?\s+SET)\b',
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a statement says of the tables of services.

    tables: those that it reads or changes; references: those that foreign keys lead to which it
        declares. is_read: whether it changes nothing, as far as its text tells.
    """

    tables: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    is_read: bool = True


class Tables:
    """The tables of the services that are installed when this is made."""

    def __init__(self) -> None:
        self.owners: Mapping[str, ServiceConfig] = {
            table.lower(): service for table, service in table_owners().items()
        }
        self._brought = dict(_brought_along(self.owners))
        longest_first = sorted({*self.owners, *self._brought}, key=len, reverse=True)
        # (?!) is found nowhere.
        names = "|".join(map(re.escape, longest_first)) or "(?!)"
        self._names = re.compile(rf"(?<![\w$])(?:{names})(?![\w$])", re.IGNORECASE)
        self._references = re.compile(rf'\bREFERENCES\s+["`\[]?({names})(?![\w$])', re.IGNORECASE)
        self._remembered = lru_cache(REMEMBERED)(self._statement)

    def statement(self, sql: Any) -> Statement:
        """What a statement names, as Django's cursors take it: text, bytes, or composed SQL.

        Tables are found as words, quoted or not, outside of string literals and comments. What
        a framework's table brings along, where it is only read, is not counted.
        """
        return self._remembered(sql if isinstance(sql, str) else _text(sql))

    def _statement(self, sql: str) -> Statement:
        text = _UNSPOKEN.sub(lambda found: found[1] or " ", sql)
        references = {found[1].lower() for found in self._references.finditer(text)}
        text = self._references.sub(" ", text)
        tables = {found[0].lower() for found in self._names.finditer(text)}
        is_read = bool(_READING.match(text)) and not _CHANGING.search(text)
        if is_read:
            tables -= {name for table in tables for name in self._brought.get(table, ())}
        return Statement(
            tables=tuple(sorted(tables & self.owners.keys())),
            references=tuple(sorted(references & self.owners.keys())),
            is_read=is_read,
        )


def _text(sql: Any) -> str:
    if isinstance(sql, bytes):
        return sql.decode()
    if hasattr(sql, "as_string"):
        return str(sql.as_string(None))
    return str(sql)


def _brought_along(owned: Collection[str]) -> Iterator[tuple[str, set[str]]]:
    """The tables of no service that have relations to services' tables, and those.

    A framework's model that relates to AUTH_USER_MODEL reads it together with its own table: the
    admin's log the names of users. That is the framework's doing, and the setting's.
    """
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table.lower()
        if table in owned:
            continue
        related = {
            field.related_model._meta.db_table.lower()
            for field in model._meta.get_fields()
            if field.concrete
            and field.is_relation
            and not isinstance(field.related_model, str | None)
        }
        if found := related & set(owned):
            yield table, found

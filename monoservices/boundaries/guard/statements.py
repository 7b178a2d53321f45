"""Tells which tables of services an SQL statement names, and whether it only reads them."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.apps import apps

from monoservices.boundaries.analysis.table_names import TableNames, without_literals
from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import table_owners

_READING = re.compile(r"[\s(]*(?:SELECT|WITH|VALUES|TABLE|EXPLAIN)\b", re.IGNORECASE)
_CHANGING = re.compile(
    r'\b(?:INSERT\s+INTO|DELETE\s+FROM|MERGE\s+INTO|UPDATE\s+[\w."]+(?:\s+[\w."]+){0,2}?\s+SET)\b',
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """The tables of services that a statement uses, and those that its foreign keys point at.

    is_read: whether it changes nothing, as far as its text tells.
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
        self._names = TableNames({*self.owners, *self._brought})
        self._references = re.compile(
            rf'\bREFERENCES\s+["`\[]?({self._names.pattern})(?![\w$])', re.IGNORECASE
        )
        self._remembered = lru_cache(1024)(self._statement)

    def statement(self, sql: Any) -> Statement:
        """The tables in a statement, which may be text, bytes or composed SQL, as cursors take it.

        A statement that only reads may join a framework's table with the tables that it relates to.
        """
        if isinstance(sql, bytes):
            sql = sql.decode()
        elif hasattr(sql, "as_string"):
            sql = sql.as_string(None)
        return self._remembered(str(sql))

    def _statement(self, sql: str) -> Statement:
        text = without_literals(sql)
        references = {found[1].lower() for found in self._references.finditer(text)}
        text = self._references.sub(" ", text)
        tables = self._names.named_in(text)
        is_read = bool(_READING.match(text)) and not _CHANGING.search(text)
        if is_read:
            tables -= {name for table in tables for name in self._brought.get(table, ())}
        return Statement(
            tables=tuple(sorted(tables & self.owners.keys())),
            references=tuple(sorted(references & self.owners.keys())),
            is_read=is_read,
        )


def _brought_along(owned: Collection[str]) -> Iterator[tuple[str, set[str]]]:
    """Each table of no service, with the services' tables that its relations lead to.

    A framework's model that relates to AUTH_USER_MODEL joins it: the admin's log shows the names of
    users. The setting asks for that join, and no service does.
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

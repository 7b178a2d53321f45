"""Rows of one table that many requests ask for, read in one statement for all of them.

A statement has the same text however many requests share it, so that it is planned once. The rows
of an answer come from one statement, which sees one state of the database.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any

from django.db import models
from msgspec import Struct

from monoservices.database.engines import engine
from monoservices.database.rows import ColumnTypes, column_types, row_parameters, rows_from
from monoservices.database.statements import Parameter, Row, enqueue


class Place(Struct, frozen=True):
    """A page of a table in the order of its ids.

    beyond: the id before the first row; None for the first page. limit: the most rows.
    descending: whether ids go down from row to row.
    owner: only rows of this owner, such as a client; None for all rows.
    """

    limit: int
    beyond: int | None = None
    descending: bool = False
    owner: int | None = None


class HotRows:
    """Reads rows of `model`, whose primary key is `id`.

    columns: those to read, in the order of the rows' values; `id` is the first.
    belonging: the last values of a row, each as an expression that may name the row `t`; see
        `monoservices.database.json_rows.belonging_rows`.
    owner: the column of whoever owns a row, for `Place.owner`.
    """

    def __init__(
        self,
        model: type[models.Model],
        columns: Collection[str],
        *,
        belonging: Sequence[Callable[[], str]] = (),
        owner: str = "",
    ) -> None:
        self._model = model
        self._columns = columns
        self._belonging = belonging
        self._owner = owner

    def by(self, column: str, values: Collection[Any]) -> Callable[[], dict[Any, Row]]:
        """Enqueue a statement for the rows with these values of a unique column.

        Returns what fetches them: rows by the column's value, as far as they exist.
        """
        kinds: ColumnTypes = {"wanted": column_types(self._model)[column]}
        wanted = dict.fromkeys(values)
        if kinds["wanted"] == "bigint":  # a higher number would be an error, and no row has it
            wanted = {value: None for value in wanted if value <= _HIGHEST}
        if not wanted:
            return dict
        rows = [{"wanted": value} for value in wanted]
        pending = enqueue(self._statement_by(column), row_parameters(kinds, rows))
        return lambda: {row[0]: row[1:] for row in self._load(pending.fetch())}

    def among(self, ids: str, parameters: Sequence[Parameter]) -> Callable[[], list[Row]]:
        """Enqueue a statement for the rows whose ids `ids` selects, which is SQL.

        Returns what fetches them, in no order.
        """
        pending = enqueue(
            f"SELECT 0, {self._selected} FROM {self._table} AS t WHERE t.id IN ({ids})",  # noqa: S608
            parameters,
        )
        return lambda: [tuple(row) for _, *row in self._load(pending.fetch())]

    def pages(self, places: Collection[Place]) -> Callable[[], Mapping[Place, list[Row]]]:
        """Enqueue statements for pages: one for each limit and direction, with and without owners.

        Returns what fetches the rows of each page. A page that has no rows is an empty list.
        """
        kinds: defaultdict[tuple[int, bool, bool], list[Place]] = defaultdict(list)
        for place in dict.fromkeys(places):
            kinds[place.limit, place.descending, place.owner is not None].append(place)
        pending = [
            (group, enqueue(self._statement_of_pages(*kind), [*_page_parameters(group), limit]))
            for (limit, *kind), group in kinds.items()
        ]

        def fetch() -> Mapping[Place, list[Row]]:
            pages: defaultdict[Place, list[Row]] = defaultdict(list)
            for group, rows in pending:
                for number, *row in self._load(rows.fetch()):
                    pages[group[number]].append(tuple(row))
            for place, page in pages.items():
                page.sort(key=_id, reverse=place.descending)
            return pages

        return fetch

    def _statement_by(self, column: str) -> str:
        if column not in self._statements:
            kinds: ColumnTypes = {"wanted": column_types(self._model)[column]}
            self._statements[column] = f"""
                SELECT t.{column}, {self._selected}
                FROM {rows_from(kinds)} JOIN {self._table} AS t ON t.{column} = r.wanted
            """  # noqa: S608 - names
        return self._statements[column]

    def _statement_of_pages(self, descending: bool, owned: bool) -> str:
        key = f"{descending} {owned}"
        if key not in self._statements:
            side, direction = ("<", "DESC") if descending else (">", "ASC")
            mine = f"p.{self._owner} = r.owner AND " if owned else ""
            pages = engine().first_rows_of_each(
                self._table,
                condition=f"{mine}p.id {side} r.beyond",
                order=f"p.id {direction}",
                limit="%s",
            )
            self._statements[key] = (
                f"SELECT r.number, {self._selected} FROM {rows_from(_PLACE)} {pages}"  # noqa: S608
            )
        return self._statements[key]

    @cached_property
    def _statements(self) -> dict[str, str]:
        return {}

    @cached_property
    def _kinds(self) -> ColumnTypes:
        kinds = column_types(self._model)
        return {name: kinds[name] for name in self._columns}

    @cached_property
    def _table(self) -> str:
        return self._model._meta.db_table

    @cached_property
    def _selected(self) -> str:
        selected = engine().selected("t", self._kinds)
        return ", ".join([selected, *(f"({of_others()})" for of_others in self._belonging)])

    def _load(self, rows: Sequence[Row]) -> Iterable[Row]:
        """Make the values of rows whose first column is not ours. Few columns need it."""
        columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for number, load in self._loaders if columns else ():
            columns[number] = [None if value is None else load(value) for value in columns[number]]
        return zip(*columns, strict=True)

    @cached_property
    def _loaders(self) -> list[tuple[int, Callable[[Any], Any]]]:
        """What makes values, and of which columns after the first."""
        loaders = enumerate(engine().loaders(self._kinds), 1)
        return [(number, load) for number, load in loaders if load is not None]


_PLACE: ColumnTypes = {
    "number": "integer",
    "beyond": "bigint",
    "owner": "bigint",
}
_HIGHEST = 2**63 - 1
_id = itemgetter(0)


def _page_parameters(places: Iterable[Place]) -> list[Any]:
    return row_parameters(
        _PLACE,
        [
            {
                "number": number,
                "beyond": _first(place) if place.beyond is None else place.beyond,
                "owner": place.owner,
            }
            for number, place in enumerate(places)
        ],
    )


def _first(place: Place) -> int:
    return _HIGHEST if place.descending else 0

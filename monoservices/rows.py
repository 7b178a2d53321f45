"""Many rows in a few parameters: statements whose text does not depend on how many rows there are.

On PostgreSQL each column travels as an array, on SQLite all rows as one JSON array.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, Literal

import msgspec
from django.db import models

from monoservices.database import is_postgresql
from monoservices.parameters import Parameter
from monoservices.pipelining import send

ColumnType = Literal["bigint", "integer", "text", "numeric", "boolean", "timestamp", "json"]
ColumnTypes = Mapping[str, ColumnType]
Row = Mapping[str, Any]

_POSTGRESQL_TYPES: Mapping[ColumnType, str] = {"timestamp": "timestamptz", "json": "jsonb"}
_NOTHING_SHARED: Row = {}


def rows_from(columns: ColumnTypes, *, shared: Collection[str] = ()) -> str:
    """A FROM item named `r` with the given columns, whose values are `row_parameters`.

    shared: the columns in which all rows have the same value.
    """
    expressions = _on_postgresql if is_postgresql() else _on_sqlite
    selected = ", ".join(
        f"{expressions(name, kind, name in shared)} AS {name}" for name, kind in columns.items()
    )
    source = "" if is_postgresql() else " FROM json_each(%s)"
    return f"(SELECT {selected}{source}) AS r"


def row_parameters(
    columns: ColumnTypes, rows: Sequence[Row], *, shared: Row = _NOTHING_SHARED
) -> list[Parameter]:
    """The parameters of `rows_from`.

    rows: each a mapping with all the columns but those that are shared. shared: those, with their
    values. Decimals travel as text, exactly.
    """
    once = {name: _single(kind, shared[name]) for name, kind in columns.items() if name in shared}
    if is_postgresql():
        return [
            once[name] if name in once else _array(kind, [row[name] for row in rows])
            for name, kind in columns.items()
        ]
    return [*once.values(), msgspec.json.encode(rows).decode()]


def insert_rows(
    model: type[models.Model],
    columns: ColumnTypes,
    rows: Sequence[Row],
    *,
    shared: Row = _NOTHING_SHARED,
) -> None:
    """Insert `rows` into the table of `model`, in one statement, whatever their number.

    columns: the columns that are given. shared: the values that all rows have in common.
    Neither defaults nor signals of the model apply.
    """
    statement = _insert(model._meta.db_table, tuple(columns.items()), tuple(shared))
    send(statement, row_parameters(columns, rows, shared=shared))


def update_rows(
    model: type[models.Model],
    columns: ColumnTypes,
    rows: Sequence[Row],
    *,
    shared: Row = _NOTHING_SHARED,
) -> None:
    """Set the columns of the rows of `model` with the given ids, in one statement.

    columns: `id`, and the columns to set. shared: the values that all rows have in common.
    Neither defaults nor signals of the model apply.
    """
    table = model._meta.db_table
    changes = ", ".join(f"{name} = r.{name}" for name in columns if name != "id")
    send(
        f"UPDATE {table} SET {changes} "  # noqa: S608 - names, not values
        f"FROM {rows_from(columns, shared=shared)} WHERE {table}.id = r.id",
        row_parameters(columns, rows, shared=shared),
    )


@cache
def _insert(
    table: str, columns: tuple[tuple[str, ColumnType], ...], shared: tuple[str, ...]
) -> str:
    names = ", ".join(name for name, _ in columns)
    return (
        f"INSERT INTO {table} ({names}) "  # noqa: S608 - names, not values
        f"SELECT {names} FROM {rows_from(dict(columns), shared=shared)}"
    )


def _on_postgresql(name: str, kind: ColumnType, is_shared: bool) -> str:
    """A value, or an array unfolded. All arrays of a SELECT unfold side by side."""
    own_type = _POSTGRESQL_TYPES.get(kind, kind)
    if is_shared:
        return f"%s::{own_type}"
    if kind not in {"numeric", "timestamp", "json"}:
        return f"unnest(%s::{kind}[])"
    return f"unnest(%s::text[])::{own_type}"


def _on_sqlite(name: str, kind: ColumnType, is_shared: bool) -> str:
    return "%s" if is_shared else f"json_extract(value, '$.{name}')"


def _array(kind: ColumnType, values: Sequence[Any]) -> Sequence[Any]:
    as_text = _AS_TEXT.get(kind)
    if as_text is None:
        return values
    return [None if value is None else as_text(value) for value in values]


def _single(kind: ColumnType, value: Any) -> Any:
    return _array(kind, [value])[0]


_AS_TEXT: Mapping[ColumnType, Callable[[Any], str]] = {
    "numeric": str,
    "json": lambda value: msgspec.json.encode(value).decode(),
}

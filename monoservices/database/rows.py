"""Many rows in a few parameters: statements whose text does not depend on how many rows there are.

On PostgreSQL each column travels as an array, on SQLite all rows as one JSON array.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any, Literal

import msgspec
from django.db import models

from monoservices.database.dialect import is_postgresql
from monoservices.database.parameters import Parameter
from monoservices.database.pipelining import enqueue

ColumnType = Literal["bigint", "integer", "text", "numeric", "boolean", "timestamp", "json"]
ColumnTypes = Mapping[str, ColumnType]
Values = Mapping[str, Any]
"""Values of columns, by name. Those of a `json` column are dicts and lists."""

_CAST_FROM_TEXT: Mapping[ColumnType, str] = {
    "numeric": "numeric",
    "timestamp": "timestamptz",
    "json": "jsonb",
}
_TYPES: Mapping[str, ColumnType] = {
    "BigAutoField": "bigint",
    "ForeignKey": "bigint",
    "IntegerField": "integer",
    "CharField": "text",
    "TextField": "text",
    "DecimalField": "numeric",
    "BooleanField": "boolean",
    "DateTimeField": "timestamp",
    "JSONField": "json",
}
"""By the internal types of Django's fields."""
_NOTHING: Values = {}
_Pairs = tuple[tuple[str, ColumnType], ...]


def column_types(
    model: type[models.Model], *, without: Collection[str] = ()
) -> dict[str, ColumnType]:
    """The columns of a model's table, but those in `without`."""
    fields = model._meta.concrete_fields
    return {
        str(field.column): _TYPES[field.get_internal_type()]
        for field in fields
        if field.column not in without
    }


def rows_from(columns: ColumnTypes, *, shared: Collection[str] = ()) -> str:
    """A FROM item named `r` with the given columns, whose values are `row_parameters`.

    shared: the columns in which all rows have the same value; not all of them.
    """
    if is_postgresql():
        expressions = [_on_postgresql(kind, name in shared) for name, kind in columns.items()]
        source = ""
    else:
        positions = count()
        expressions = [
            "%s" if name in shared else f"json_extract(value, '$[{next(positions)}]')"
            for name in columns
        ]
        source = " FROM json_each(%s)"
    named = ", ".join(f"{each} AS {name}" for each, name in zip(expressions, columns, strict=True))
    return f"(SELECT {named}{source}) AS r"


def row_parameters(
    columns: ColumnTypes, rows: Sequence[Values], *, shared: Values = _NOTHING
) -> list[Parameter]:
    """The parameters of `rows_from`.

    rows: each with all the columns but those that are shared. shared: the values of those.
    Decimals travel as text, exactly.
    """
    once = {
        name: _wire(kind, [shared[name]])[0] for name, kind in columns.items() if name in shared
    }
    own = [name for name in columns if name not in once]
    if is_postgresql():
        return [
            once[name] if name in once else _wire(kind, [row[name] for row in rows])
            for name, kind in columns.items()
        ]
    document = msgspec.json.encode([[row[name] for name in own] for row in rows])
    return [*once.values(), document.decode()]


def insert_rows(
    model: type[models.Model],
    columns: ColumnTypes,
    rows: Sequence[Values],
    *,
    shared: Values = _NOTHING,
) -> None:
    """Insert `rows` into the table of `model`, in one statement, whatever their number.

    columns: the columns that are given. shared: the values that all rows have in common.
    Neither defaults nor signals of the model apply.
    """
    statement = _insert_statement(model._meta.db_table, tuple(columns.items()), tuple(shared))
    enqueue(statement, row_parameters(columns, rows, shared=shared))


def update_rows(
    model: type[models.Model],
    columns: ColumnTypes,
    rows: Sequence[Values],
    *,
    shared: Values = _NOTHING,
) -> None:
    """Set the columns of the rows of `model` with the given ids, in one statement.

    columns: `id`, and the columns to set. shared: the values that all rows have in common.
    Neither defaults nor signals of the model apply.
    """
    statement = _update_statement(model._meta.db_table, tuple(columns.items()), tuple(shared))
    enqueue(statement, row_parameters(columns, rows, shared=shared))


@cache
def _update_statement(table: str, columns: _Pairs, shared: tuple[str, ...]) -> str:
    changes = ", ".join(f"{name} = r.{name}" for name, _ in columns if name != "id")
    return (
        f"UPDATE {table} SET {changes} "  # noqa: S608 - names, not values
        f"FROM {rows_from(dict(columns), shared=shared)} WHERE {table}.id = r.id"
    )


@cache
def _insert_statement(table: str, columns: _Pairs, shared: tuple[str, ...]) -> str:
    names = ", ".join(name for name, _ in columns)
    return (
        f"INSERT INTO {table} ({names}) "  # noqa: S608 - names, not values
        f"SELECT {names} FROM {rows_from(dict(columns), shared=shared)}"
    )


def _on_postgresql(kind: ColumnType, is_shared: bool) -> str:
    """A value, or an array unfolded. All arrays of a SELECT unfold side by side."""
    as_text = _CAST_FROM_TEXT.get(kind)
    if is_shared:
        return f"%s::{as_text or kind}"
    return f"unnest(%s::text[])::{as_text}" if as_text else f"unnest(%s::{kind}[])"


def _wire(kind: ColumnType, values: Sequence[Any]) -> Sequence[Any]:
    """Values as parameters have them."""
    if kind == "numeric":
        return [None if value is None else str(value) for value in values]
    if kind == "json":
        return [None if value is None else msgspec.json.encode(value).decode() for value in values]
    return values

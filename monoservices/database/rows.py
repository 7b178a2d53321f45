"""Many rows in a few parameters: the number of rows does not change the text of the statement."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Literal

from django.db import models

from monoservices.database.engines import engine
from monoservices.database.statements import Parameter, enqueue

ColumnType = Literal[
    "bigint", "integer", "double precision", "text", "numeric", "boolean", "timestamp", "json"
]
ColumnTypes = Mapping[str, ColumnType]
Values = Mapping[str, Any]
"""Values of columns, by name: dicts and lists for `json`, aware datetimes for `timestamp`."""

Table = type[models.Model]

_TYPES: Mapping[str, ColumnType] = {
    "BigAutoField": "bigint",
    "BigIntegerField": "bigint",
    "ForeignKey": "bigint",
    "OneToOneField": "bigint",
    "IntegerField": "integer",
    "FloatField": "double precision",
    "CharField": "text",
    "TextField": "text",
    "DecimalField": "numeric",
    "BooleanField": "boolean",
    "DateTimeField": "timestamp",
    "JSONField": "json",
}
"""By the internal types of Django's fields."""
_NOTHING: Values = {}
_MOMENT: ColumnTypes = {"at": "timestamp"}
_Pairs = tuple[tuple[str, ColumnType], ...]


def column_types(model: Table, *, without: Collection[str] = ()) -> dict[str, ColumnType]:
    """The columns of a model's table, but those in `without`."""
    return {
        str(field.column): _TYPES[field.get_internal_type()]
        for field in model._meta.concrete_fields
        if field.column not in without
    }


def rows_from(columns: ColumnTypes, *, shared: Collection[str] = ()) -> str:
    """A FROM item named `r` with the given columns, whose values are `row_parameters`.

    shared: columns that have the same value in all rows; at least one column is not shared.
    """
    return engine().rows_from(columns, shared)


def row_parameters(
    columns: ColumnTypes, rows: Sequence[Values], *, shared: Values = _NOTHING
) -> list[Parameter]:
    """The parameters for `rows_from`.

    rows: the columns of each row, except shared ones. shared: the values of the shared columns.
    """
    return engine().row_parameters(columns, rows, shared)


def moment_parameter(at: datetime | None) -> Parameter:
    """The parameter of `Engine.moment_or_now`."""
    return row_parameters(_MOMENT, (), shared={"at": at})[0]


def insert_rows(
    model: Table,
    columns: ColumnTypes,
    rows: Sequence[Values],
    *,
    shared: Values = _NOTHING,
    optional: Collection[str] = (),
) -> None:
    """Insert `rows` into the table of `model`, in one statement.

    columns: the columns to fill. shared: the values that all rows have in common. optional: columns
    that are not sent where they are NULL in all rows.
    Defaults and signals of the model do not apply.
    """
    if empty := [name for name in optional if all(row[name] is None for row in rows)]:
        columns = {name: kind for name, kind in columns.items() if name not in empty}
    statement = _insert_statement(model._meta.db_table, tuple(columns.items()), tuple(shared))
    enqueue(statement, row_parameters(columns, rows, shared=shared))


def update_rows(
    model: Table, columns: ColumnTypes, rows: Sequence[Values], *, shared: Values = _NOTHING
) -> None:
    """Update the rows with the given ids, in one statement. columns: `id`, and those to set."""
    statement = _update_statement(model._meta.db_table, tuple(columns.items()), tuple(shared))
    enqueue(statement, row_parameters(columns, rows, shared=shared))


@cache
def _insert_statement(table: str, columns: _Pairs, shared: tuple[str, ...]) -> str:
    names = ", ".join(name for name, _ in columns)
    source = rows_from(dict(columns), shared=shared)
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM {source}"  # noqa: S608 - names


@cache
def _update_statement(table: str, columns: _Pairs, shared: tuple[str, ...]) -> str:
    changes = ", ".join(f"{name} = r.{name}" for name, _ in columns if name != "id")
    source = rows_from(dict(columns), shared=shared)
    return f"UPDATE {table} SET {changes} FROM {source} WHERE {table}.id = r.id"  # noqa: S608

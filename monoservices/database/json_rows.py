"""Read a row and the rows that belong to it in one statement, which is one state of the database.

Django's `prefetch_related` takes a second statement, and a writer may commit between the two.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
from django.db import models
from django.db.models.expressions import RawSQL

from monoservices.database.engines import engine
from monoservices.database.rows import ColumnType, column_types

Values = Sequence[Any]
"""The values of a row, in the order of its model's fields."""

_LOADED: dict[ColumnType, type] = {
    "bigint": int,
    "integer": int,
    "text": str,
    "numeric": Decimal,
}
"""What a value becomes when it is read, by the type of its column. NULL becomes None."""


def json_rows(model: type[models.Model], *, belonging: str, only_if: str = "") -> RawSQL:
    """An annotation: the rows of `model` that belong to a row, as JSON text, in id order.

    only_if: a condition of the row; where it is false, the annotation is NULL, and the database
        looks for no rows.
    belonging: SQL that says which, such as `order_id = sales_order.id`. Columns of the model are
        numbers, texts and amounts of money.
    Do not use it in a statement that locks rows: PostgreSQL reads a subquery as it was before the
    statement waited for the lock. Django's own `Subquery` costs more than a second statement.
    """
    statement = belonging_rows(model, belonging=belonging, only_if=only_if)
    return RawSQL(statement, (), output_field=models.TextField())  # noqa: S611 - made of constants


def load_rows(model: type[models.Model], text: str) -> list[Values]:
    """The rows of `model` in the text of a `json_rows`."""
    rows: list[Values] = _decoder(model).decode(text)
    return rows


@cache
def belonging_rows(
    model: type[models.Model],
    *,
    belonging: str,
    columns: tuple[str, ...] = (),
    only_if: str = "",
) -> str:
    """The expression of `json_rows`. columns: some of the model's; all of them if it is empty."""
    kinds = column_types(model)
    kinds = {name: kinds[name] for name in columns or kinds}
    rows = f"""
        SELECT {engine().json_rows(kinds)}
        FROM (
            SELECT {", ".join(kinds)} FROM {model._meta.db_table} WHERE {belonging} ORDER BY id
        ) AS r
    """  # noqa: S608 - names, and a constant condition
    return f"CASE WHEN {only_if} THEN ({rows}) END" if only_if else rows


@cache
def _decoder(model: type[models.Model]) -> msgspec.json.Decoder[Any]:
    row = tuple[tuple(_LOADED[kind] | None for kind in column_types(model).values())]  # type: ignore[misc, valid-type]
    return msgspec.json.Decoder(list[row])  # type: ignore[valid-type]

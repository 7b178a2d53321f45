"""Rows of other services for tests, written without the code of the service that owns them.

A service's tests need the rows that its foreign keys refer to, even if only the tables of the
owning service are installed. No code of that service runs; its constraints still hold.
"""

from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Field, QuerySet
from django.utils import timezone


def rows_of(model: str) -> QuerySet[Any, dict[str, Any]]:
    """The rows of a model, such as `sales.Customer`, as dicts ordered by primary key.

    The result can be filtered, locked and updated, without the model's managers and `save`.
    """
    return QuerySet(apps.get_model(model)).order_by("pk").values()


def insert_row(model: str, **columns: Any) -> int:
    """Insert a row into the table of a model, and return its primary key.

    columns: by the names that `rows_of` gives them. A missing column gets the field's default; a
    field without one gets the empty string or NULL, and an `auto_now` field gets the current time.
    Raises IntegrityError if a constraint rejects the row, TypeError for an unknown column.
    """
    meta = apps.get_model(model)._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    if unknown := columns.keys() - {field.attname for field in fields}:
        raise TypeError(f"{model} has no {', '.join(sorted(unknown))}.")
    values = [
        field.get_db_prep_save(
            columns[field.attname] if field.attname in columns else _filler(field), connection
        )
        for field in fields
    ]
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(meta.db_table)} ({names}) "  # noqa: S608 - names, not values
            f"VALUES ({places}) RETURNING {quote(meta.pk.column)}",
            values,
        )
        key: int = cursor.fetchone()[0]
    return key


def _filler(field: "Field[Any, Any]") -> Any:
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return timezone.now()
    return field.get_default()

"""The Python types of the values in a column."""

import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from django.db import models

_TYPES: "dict[type[models.Field[Any, Any]], type]" = {
    models.BinaryField: bytes,
    models.BooleanField: bool,
    models.CharField: str,
    models.DateField: date,
    models.DateTimeField: datetime,
    models.DecimalField: Decimal,
    models.DurationField: timedelta,
    models.FileField: str,
    models.FloatField: float,
    models.GenericIPAddressField: str,
    models.IntegerField: int,
    models.JSONField: object,
    models.TextField: str,
    models.TimeField: time,
    models.UUIDField: uuid.UUID,
}
"""Base classes of Django's fields. A derived field has the type of its base."""


def column_type(field: "models.Field[Any, Any]") -> Any:
    """The type of a column's values, `| None` if it may be NULL; None if it is unknown."""
    values: models.Field[Any, Any] = field
    while isinstance(values, models.ForeignKey):
        values = values.target_field
    found = next((_TYPES[cls] for cls in type(values).__mro__ if cls in _TYPES), None)
    return found | None if found and field.null else found


def is_type(stated: object) -> bool:
    """Whether it is a type, or a type `| None`."""
    types = get_args(stated) if get_origin(stated) in {UnionType, Union} else (stated,)
    others = [each for each in types if each is not NoneType]
    return len(others) == 1 and isinstance(others[0], type)


def is_of(stated: object, field: "models.Field[Any, Any]") -> bool:
    """Whether a column has the stated type. For an unknown type, only NULL is compared."""
    actual = column_type(field)
    if actual is None:
        return (NoneType in get_args(stated)) == field.null
    return bool(stated == actual)

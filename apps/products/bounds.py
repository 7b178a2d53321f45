"""Bounds of fields, read from their types, such as `Annotated[int, Meta(ge=…, le=…)]`."""

from typing import Any

from django.core.validators import BaseValidator, MaxValueValidator, MinValueValidator
from django.db.models import BigIntegerField, CheckConstraint, F, Q
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual


def longest(kind: Any) -> int:
    """How many characters a text of this type can have."""
    length: int = kind.__metadata__[0].max_length
    return length


def validators(kind: Any) -> list[BaseValidator]:
    """Validators for a model field, and so for its forms: the bounds of a type of numbers."""
    bounds = kind.__metadata__[0]
    return [MinValueValidator(bounds.ge), MaxValueValidator(bounds.le)]


def check(name: str, field: str, kind: Any, *, optional: bool = False) -> CheckConstraint:
    """A CHECK that `field` is within the bounds of its type. optional: NULL is allowed too."""
    bounds = kind.__metadata__[0]
    within = Q(**{f"{field}__gte": bounds.ge, f"{field}__lte": bounds.le})
    return CheckConstraint(
        name=name, condition=Q(**{f"{field}__isnull": True}) | within if optional else within
    )


def sum_check(name: str, fields: tuple[str, str], kind: Any) -> CheckConstraint:
    """A CHECK that the sum of two fields is within the bounds of a type. NULL is allowed too."""
    bounds = kind.__metadata__[0]
    # Two large integers of 32 bits would overflow before they are compared.
    both = Cast(fields[0], BigIntegerField()) + F(fields[1])
    within = Q(GreaterThanOrEqual(both, bounds.ge)) & Q(LessThanOrEqual(both, bounds.le))
    return CheckConstraint(name=name, condition=within)

"""What a product's fields can hold, said once: the tables, the forms and the API take it from here.

A bounded type is `Annotated[int, Meta(ge=…, le=…)]` or `Annotated[str, Meta(max_length=…)]`.
"""

from typing import Annotated, Any

from django.core.validators import BaseValidator, MaxValueValidator, MinValueValidator
from django.db.models import CheckConstraint, Q
from msgspec import Meta

from monoservices.api.types import MAX_INTEGER, NO_NUL, Sku

Quantity = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Delta = Annotated[int, Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Note = Annotated[str, Meta(max_length=500, pattern=NO_NUL)]


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


MAX_SKU = longest(Sku)

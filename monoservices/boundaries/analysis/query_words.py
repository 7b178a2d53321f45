"""What a look-up is, and what takes look-ups: query methods, functions, options, keywords."""

from dataclasses import dataclass
from enum import Enum, auto

from django.db.models import Model

Starts = frozenset[type[Model]]


class Kind(Enum):
    """What a query reads if the last step of a look-up is a relation."""

    COLUMN = auto()  # the key
    ORDER = auto()  # the columns of the other model's own ordering
    OBJECT = auto()  # the row that the relation leads to
    ALL = auto()  # a look-up without steps: the rows that all relations lead to


@dataclass(frozen=True)
class Lookup:
    """A look-up: names of columns and relations with `__` between them.

    starts: the models that it may start from; empty if the text does not tell.
    """

    text: str
    kind: Kind
    line: int
    starts: Starts = frozenset()


def lookup_path(text: str) -> str:
    """A look-up without the signs that orderings and searches put in front of it."""
    return text.lstrip("-+^=@$")


FILTERS = {
    *("Q", "When", "complex_filter", "exclude", "filter"),
    *("aget", "get", "aget_or_create", "get_or_create", "aupdate_or_create", "update_or_create"),
    *("aget_list_or_404", "get_list_or_404", "aget_object_or_404", "get_object_or_404"),
}
"""Calls whose keywords are look-ups."""

METHODS = {
    "adates": Kind.COLUMN,
    "adatetimes": Kind.COLUMN,
    "aearliest": Kind.ORDER,
    "alatest": Kind.ORDER,
    "aprefetch_related_objects": Kind.OBJECT,
    "dates": Kind.COLUMN,
    "datetimes": Kind.COLUMN,
    "defer": Kind.COLUMN,
    "distinct": Kind.COLUMN,
    "earliest": Kind.ORDER,
    "FilteredRelation": Kind.OBJECT,
    "latest": Kind.ORDER,
    "only": Kind.COLUMN,
    "order_by": Kind.ORDER,
    "Prefetch": Kind.OBJECT,
    "prefetch_related": Kind.OBJECT,
    "prefetch_related_objects": Kind.OBJECT,
    "select_related": Kind.OBJECT,
    "values": Kind.COLUMN,
    "values_list": Kind.COLUMN,
}
"""Calls whose strings are look-ups."""

KEYWORDS = {
    "field_name": Kind.COLUMN,
    "limit_choices_to": Kind.COLUMN,
    "order_by": Kind.ORDER,
    "ordering": Kind.ORDER,
    "source": Kind.COLUMN,
}
"""Keywords of any call whose strings are look-ups."""

OPTIONS = {
    "autocomplete_fields": Kind.OBJECT,
    "date_hierarchy": Kind.COLUMN,
    "filter_fields": Kind.COLUMN,
    "filterset_fields": Kind.COLUMN,
    "get_latest_by": Kind.ORDER,
    "limit_choices_to": Kind.COLUMN,
    "list_display": Kind.OBJECT,
    "list_editable": Kind.OBJECT,
    "list_filter": Kind.OBJECT,
    "list_select_related": Kind.OBJECT,
    "lookup_field": Kind.COLUMN,
    "ordering": Kind.ORDER,
    "ordering_fields": Kind.COLUMN,
    "radio_fields": Kind.OBJECT,
    "raw_id_fields": Kind.OBJECT,
    "readonly_fields": Kind.OBJECT,
    "search_fields": Kind.COLUMN,
    "sortable_by": Kind.COLUMN,
}
"""Attributes of classes whose strings are look-ups."""

SHOWN = {"fields": Kind.OBJECT, "fieldsets": Kind.OBJECT}
"""Attributes of admin and form classes that name the fields to show: of a relation, its row."""

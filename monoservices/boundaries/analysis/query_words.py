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
    **dict.fromkeys(
        ("dates", "datetimes", "defer", "distinct", "only", "values", "values_list"), Kind.COLUMN
    ),
    **dict.fromkeys(("aearliest", "alatest", "earliest", "latest", "order_by"), Kind.ORDER),
    **dict.fromkeys(("FilteredRelation", "Prefetch", "select_related"), Kind.OBJECT),
    **dict.fromkeys(
        ("prefetch_related", "prefetch_related_objects", "aprefetch_related_objects"), Kind.OBJECT
    ),
}
"""Calls whose strings are look-ups."""

KEYWORDS = {
    **dict.fromkeys(("field_name", "limit_choices_to", "source"), Kind.COLUMN),
    **dict.fromkeys(("order_by", "ordering"), Kind.ORDER),
}
"""Keywords of any call whose strings are look-ups."""

OPTIONS = {
    **dict.fromkeys(("date_hierarchy", "search_fields", "sortable_by"), Kind.COLUMN),
    **dict.fromkeys(("filter_fields", "filterset_fields", "limit_choices_to"), Kind.COLUMN),
    **dict.fromkeys(("lookup_field", "ordering_fields"), Kind.COLUMN),
    **dict.fromkeys(("get_latest_by", "ordering"), Kind.ORDER),
    **dict.fromkeys(("list_display", "list_editable", "list_filter"), Kind.OBJECT),
    **dict.fromkeys(("autocomplete_fields", "radio_fields", "raw_id_fields"), Kind.OBJECT),
    **dict.fromkeys(("list_select_related", "readonly_fields"), Kind.OBJECT),
}
"""Attributes of classes whose strings are look-ups."""

SHOWN = {"fields": Kind.OBJECT, "fieldsets": Kind.OBJECT}
"""Attributes of admin and form classes that name the fields to show: of a relation, its row."""
